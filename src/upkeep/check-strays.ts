import type { Queries } from '../database/tables.ts'
import { findNamedKeys } from '../storage/named-keys.ts'
import type { Storage } from '../storage/storage.ts'
import type { Check } from './finding.ts'

const BATCH = 500

/**
 * Checks that a row or the journal names everything in storage. This is true at any instant, but listing takes
 * time: an entry that nothing names may have been removed since it was listed. So it is a stray only if storage
 * lists it a second time. A key that nothing names any more is never used again.
 */
export const checkStrays: Check = async function* ({ database, storage }, advance) {
  const suspects = new Set<string>()
  for await (const names of listBatches(storage)) {
    for (const name of await findUnnamed(database.read, names)) suspects.add(name)
    for (const _ of names) advance()
  }
  if (suspects.size === 0) return

  for await (const names of listBatches(storage)) {
    const again = names.filter((name) => suspects.has(name))
    for (const name of await findUnnamed(database.read, again)) {
      yield {
        problem: `Nothing names ${JSON.stringify(name)} in storage.`,
        remedy: 'Moves it aside.',
        async repair(library) {
          const unnamed = await findUnnamed(library.database.read, [name])
          if (unnamed.length === 0) throw new Error('a row names it now.')
          return { done: `Moved it to ${await library.storage.setAside(name)}.` }
        },
      }
    }
  }
}

async function* listBatches(storage: Storage): AsyncGenerator<string[]> {
  let names: string[] = []
  for await (const { key } of storage.list()) {
    names.push(key)
    if (names.length < BATCH) continue
    yield names
    names = []
  }
  yield names
}

/**
 * Returns the names that no row and no journal entry names. The remains of an unfinished put are called
 * `<key>.part`, and only the journal names their key.
 */
async function findUnnamed(db: Queries, names: readonly string[]): Promise<string[]> {
  // In one transaction, because a key could move from the journal to a row between two reads.
  return db.transaction().execute(async (trx) => {
    const keys = names.map(keyOf)
    const rows = await trx.selectFrom('journal').select('key').where('key', 'in', keys).execute()
    const pending = new Set(rows.map(({ key }) => key))
    const named = new Set(await findNamedKeys(trx, names))
    return names.filter((name) => !named.has(name) && !pending.has(keyOf(name)))
  })
}

const keyOf = (name: string): string => name.replace(/\.part$/, '')
