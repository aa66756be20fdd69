import type { FastifyRequest } from 'fastify'
import type { HasPermission } from '../../auth/admission.ts'
import type { Database } from '../../database/database.ts'
import type { VariantName } from '../../database/tables.ts'
import type { Query } from '../../http/query-parameters.ts'
import { findMergedInto } from './merged-lookup.ts'
import type { Shown, VariantLookup } from './variant-lookup.ts'

/** What an address by id shows whose item is not in the library. */
export interface Elsewhere extends Shown {
  /** The item that it leads to. */
  into?: number
  /** Whether it is an item in the trash, which only some may see. */
  inTrash?: true
}

/** Finds what the address of an item leads to that was merged or is in the trash; undefined if it leads nowhere. */
export type FindElsewhere = (
  request: FastifyRequest,
  mediaId: number,
  name: VariantName,
) => Promise<Elsewhere | undefined>

export const createFindElsewhere =
  (database: Database, lookup: VariantLookup, hasPermission: HasPermission): FindElsewhere =>
  async (request, mediaId, name) => {
    if (!isOfTrash(request)) {
      const into = await findMergedInto(database, mediaId)
      const target = into === undefined ? undefined : await lookup.ofMedia(into, name)
      if (into !== undefined && target) return { ...target, into }
    }
    const trashed = await lookup.ofTrashed(mediaId, name)
    if (!trashed || !(await hasPermission(request, 'delete-media'))) return undefined
    return { ...trashed, inTrash: true }
  }

/** Whether the caller means the item in the trash itself, and not where its address leads. */
const isOfTrash = ({ query }: FastifyRequest): boolean => (query as Query).in === 'trash'
