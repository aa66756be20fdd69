import type { Database } from '../database/database.ts'
import type { Milliseconds, Queries } from '../database/tables.ts'
import { findNamedKeys } from '../storage/named-keys.ts'
import type { Storage } from '../storage/storage.ts'

/**
 * During a copy or restore, the journal of the target names every object that was put, because perhaps no row will name
 * it at the end. These entries have no owner, because the command may be killed and run again as another process. No
 * sweep removes the objects meanwhile, because no server may use the library.
 */

const BATCH = 500

/** Enters the keys of objects that are about to be put, or whose rows are being deleted. */
export async function enterKeys(
  trx: Queries,
  keys: readonly string[],
  created_at: Milliseconds,
): Promise<void> {
  if (keys.length === 0) return
  await trx
    .insertInto('journal')
    .values(keys.map((key) => ({ key, owner: null, created_at, claimed_at: null })))
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute()
}

/** Returns the keys that have an entry. */
export async function findEntered(db: Queries, keys: readonly string[]): Promise<Set<string>> {
  const rows = await db.selectFrom('journal').select('key').where('key', 'in', keys).execute()
  return new Set(rows.map(({ key }) => key))
}

/** Deletes all entries, and removes the objects that no row names. */
export async function settleEntries(database: Database, storage: Storage): Promise<void> {
  await eachEntry(database, async (keys) => {
    const named = new Set(await findNamedKeys(database.read, keys))
    await storage.remove(keys.filter((key) => !named.has(key)))
  })
}

/** Deletes all entries and removes their objects. */
export async function removeEntered(database: Database, storage: Storage): Promise<void> {
  await eachEntry(database, (keys) => storage.remove(keys))
}

async function eachEntry(database: Database, work: (keys: string[]) => Promise<void>) {
  for (;;) {
    const rows = await database.read.selectFrom('journal').select('key').limit(BATCH).execute()
    const keys = rows.map(({ key }) => key)
    if (keys.length === 0) return
    await work(keys)
    await database.write((trx) => trx.deleteFrom('journal').where('key', 'in', keys).execute())
  }
}
