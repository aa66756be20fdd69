import type { Queries } from '../database/tables.ts'
import { findNamedKeys } from '../storage/named-keys.ts'
import type { Storage } from '../storage/storage.ts'
import type { Check } from './finding.ts'

const BATCH = 500

/**
 * Everything in storage is named by a row or by the journal. At any instant that is so, but a list
 * takes time: what nothing names may have been removed since it was listed. So a suspect is a stray
 * only if storage lists it once more, since a key that lost its name is never used again.
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
          if (unnamed.length === 0) throw new Error('it has a name now.')
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
 * Those of the names that nothing names. What an unfinished put leaves is called after its key, and
 * only the journal accounts for it.
 */
async function findUnnamed(db: Queries, names: readonly string[]): Promise<string[]> {
  // In one state of the database, or a key could change over from one to the other in between.
  return db.transaction().execute(async (trx) => {
    const keys = names.map(keyOf)
    const rows = await trx.selectFrom('journal').select('key').where('key', 'in', keys).execute()
    const pending = new Set(rows.map(({ key }) => key))
    const named = new Set(await findNamedKeys(trx, names))
    return names.filter((name) => !named.has(name) && !pending.has(keyOf(name)))
  })
}

const keyOf = (name: string): string => name.replace(/\.part$/, '')
