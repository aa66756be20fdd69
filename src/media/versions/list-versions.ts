import type { Queries } from '../../database/tables.ts'
import { type Static, Type } from '../../http/schema.ts'
import { keyOf, MEMBERS, Urls, urlsOf } from '../item.ts'
import { readVersions } from './versions.ts'

/** A version as clients see it. */
export const VersionEntry = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    type: MEMBERS.type.schema,
    size: MEMBERS.size.schema,
    width: MEMBERS.width.schema,
    height: MEMBERS.height.schema,
    timestamp: Type.String({
      format: 'date-time',
      description: 'Since when it was, or is, the present one (UTC)',
    }),
    by: Type.Union([Type.String(), Type.Null()], { description: 'Username' }),
    urls: Urls,
  },
  { title: 'Version' },
)
export type VersionEntry = Static<typeof VersionEntry>

/**
 * Lists the versions of an item, the newest and present one first.
 * @throws AppError 404 "Media not found", also for an item in the trash
 */
export async function listVersions(db: Queries, id: number): Promise<VersionEntry[]> {
  const { present, earlier } = await readVersions(db, id)
  const versions = [present, ...earlier]
  const files = await db
    .selectFrom('files')
    .select(['id', 'type', 'size', 'width', 'height', 'scaled_digest'])
    .where(
      'id',
      'in',
      versions.map(({ file_id }) => file_id),
    )
    .execute()
  const fileOf = new Map(files.map((file) => [file.id, file]))
  return versions.flatMap(({ version, file_id, added_at, added_by, focus_key }) => {
    const file = fileOf.get(file_id)
    // Only in a damaged database. `doctor` reports it.
    if (!file) return []
    const { type, size, width, height, scaled_digest } = file
    const timestamp = new Date(added_at).toISOString()
    const urls = urlsOf(keyOf({ focus_key, scaled_digest }))
    return [{ version, type, size, width, height, timestamp, by: added_by, urls }]
  })
}
