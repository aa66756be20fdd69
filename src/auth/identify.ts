import type { FastifyRequest } from 'fastify'
import type { Milliseconds, Queries } from '../database/tables.ts'
import type { Permission } from './permissions.ts'

/** The user of a request, as known when it was identified. */
export interface User {
  /** A number for Vitrine's own accounts, a string for accounts of an external service. */
  id: number | string
  username: string
  roles: string[]
  permissions: Permission[]
  /** Id of the personal token that the request was made with, if any; see `api-tokens.ts`. */
  tokenId?: number
  /**
   * Reads the permissions again at a later time, within a transaction.
   * @throws AppError 401 "Unauthorized" if the session, token or account is no longer valid
   */
  again?: (db: Queries, now: Milliseconds) => Promise<readonly Permission[]>
}

/**
 * Identifies the user of a request.
 *
 * @param bearer token of `Authorization: Bearer`; if undefined, the cookie counts
 * @throws AppError 401 "Unauthorized"
 */
export type Identify = (request: FastifyRequest, bearer: string | undefined) => Promise<User>
