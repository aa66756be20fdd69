import type { Queries } from '../database/tables.ts'

/** Returns the keys that a row of the library names. Their objects are in use. */
export async function findNamedKeys(db: Queries, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return []
  const rows = await db
    .selectFrom('files')
    .select('key')
    .where('key', 'in', keys)
    .unionAll(db.selectFrom('variants').select('key').where('key', 'in', keys))
    .unionAll(db.selectFrom('renditions').select('key').where('key', 'in', keys))
    .execute()
  return rows.map(({ key }) => key)
}
