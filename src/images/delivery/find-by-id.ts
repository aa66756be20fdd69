import type { FastifyRequest } from 'fastify'
import type { HasPermission } from '../../auth/admission.ts'
import type { Database } from '../../database/database.ts'
import type { Query } from '../../http/query-parameters.ts'
import { findMergedInto } from './merged-lookup.ts'
import type { Source, SourceLookup } from './source-lookup.ts'

/** What an address by id leads to. */
export interface Found extends Source {
  /** The item that it leads to, if its own was merged into that. */
  into?: number
  /** Whether it is an item in the trash, which only some may see. */
  inTrash?: true
}

/** Finds the source of an item's images, also if it was merged or is in the trash; undefined if there is none. */
export type FindById = (request: FastifyRequest, mediaId: number) => Promise<Found | undefined>

export const createFindById =
  (database: Database, sources: SourceLookup, hasPermission: HasPermission): FindById =>
  async (request, mediaId) => {
    const source = await sources.ofMedia(mediaId)
    if (source) return source
    if (!isOfTrash(request)) {
      const into = await findMergedInto(database, mediaId)
      const target = into === undefined ? undefined : await sources.ofMedia(into)
      if (into !== undefined && target) return { ...target, into }
    }
    const trashed = await sources.ofTrashed(mediaId)
    if (!trashed || !(await hasPermission(request, 'delete-media'))) return undefined
    return { ...trashed, inTrash: true }
  }

/** Whether the caller means the item in the trash itself, and not where its address leads. */
const isOfTrash = ({ query }: FastifyRequest): boolean => (query as Query).in === 'trash'
