import type { FastifyRequest } from 'fastify'
import type { Milliseconds, Queries } from '../database/tables.ts'
import type { Permission } from './permissions.ts'

/** Who makes a request, as it is known at that moment. */
export interface User {
  /** A number for accounts of our own, a text for those of another service. */
  id: number | string
  username: string
  roles: string[]
  permissions: Permission[]
  /** The personal token that stands for the account, if one does; see `api-tokens.ts`. */
  tokenId?: number
  /**
   * What is allowed at that later moment, asked within a transaction.
   * @throws AppError 401 "Unauthorized" if nothing is, any more
   */
  again?: (db: Queries, now: Milliseconds) => Promise<readonly Permission[]>
}

/**
 * Finds out who makes a request.
 *
 * @param bearer of `Authorization: Bearer`; if it is undefined, the cookie counts
 * @throws AppError 401 "Unauthorized"
 */
export type Identify = (request: FastifyRequest, bearer: string | undefined) => Promise<User>
