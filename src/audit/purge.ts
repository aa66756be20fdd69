import type { Database } from '../database/database.ts'
import { createPace } from '../database/pace.ts'
import type { Milliseconds } from '../database/tables.ts'
import { recordAudit, SERVER } from './record.ts'

const DAY_MS = 24 * 3600 * 1000

/**
 * Deletes rows that are older than `days`, and records the purge in the trail. Rows are deleted in no other way.
 */
export async function purgeAudit(database: Database, days: number): Promise<void> {
  const now = await database.now()
  const before = now - days * DAY_MS
  const pace = createPace(database)
  let count = 0
  for (;;) {
    const most = pace.batch()
    const deleted = await deleteOldest(pace.database, before, most)
    count += deleted
    if (deleted < most) break
    pace.adapt()
    await pace.pause()
  }
  if (count === 0) return
  const detail = { count, before: new Date(before).toISOString() }
  await database.write((trx) => recordAudit(trx, SERVER, { action: 'trail-purged', detail }, now))
}

async function deleteOldest(
  database: Database,
  before: Milliseconds,
  most: number,
): Promise<number> {
  return database.write(async (trx) => {
    // Times never decrease with growing ids, so the lowest ids are the oldest rows.
    const oldest = await trx
      .selectFrom('audit')
      .select(['id', 'at'])
      .orderBy('id')
      .limit(most)
      .execute()
    const last = oldest.findLast(({ at }) => at < before)
    if (last === undefined) return 0
    // The triggers allow the deletion of rows that are older than this.
    await trx
      .updateTable('audit_retention')
      .set({ deletable_before: before })
      .where('deletable_before', '<', before)
      .execute()
    await trx.deleteFrom('audit').where('id', '<=', last.id).execute()
    return oldest.filter(({ id }) => id <= last.id).length
  })
}
