import type { Queries } from '../database/tables.ts'
import type { AuditRow } from './read.ts'

/** Ids of the images that these entries are about and that are not in the library any more. */
export async function findGone(db: Queries, rows: readonly AuditRow[]): Promise<number[]> {
  const ids = new Set<number>()
  for (const { subject } of rows) {
    const id = /^media:(\d+)$/.exec(subject ?? '')?.[1]
    if (id !== undefined) ids.add(Number(id))
  }
  if (ids.size === 0) return []
  const there = await db
    .selectFrom('media')
    .select('id')
    .where('id', 'in', [...ids])
    .execute()
  return [...ids.difference(new Set(there.map(({ id }) => id)))]
}
