import { rm } from 'node:fs/promises'
import { UsageError } from '../base/errors.ts'
import type { Database } from '../database/database.ts'
import { fetchObject, type NamedObject, type ObjectFault } from '../storage/fetch-object.ts'
import type { Storage } from '../storage/storage.ts'
import { enterKeys, findEntered } from './journal-rows.ts'

/** Objects transferred at once: enough to keep a disk or a network busy. */
const AT_ONCE = 16

/** The database and the storage of a library. */
export interface OpenLibrary {
  database: Database
  storage: Storage
}

/**
 * Makes sure that storage has all these objects. Objects of an earlier attempt are put again. An object of
 * another origin stays, and must have the same bytes.
 *
 * @param provide returns the path of a file with the object's bytes; undefined skips the object
 * @returns the number of objects that were put
 * @throws UsageError if storage has other bytes under one of the keys
 */
export async function storeObjects<Named extends NamedObject>(
  { database, storage }: OpenLibrary,
  objects: readonly Named[],
  provide: (object: Named) => Promise<string | undefined>,
): Promise<number> {
  const keys = objects.map(({ key }) => key)
  const entered = await findEntered(database.read, keys)
  const absent = new Set<Named>()
  await forEach(objects, async (object) => {
    if (entered.has(object.key) || (await storage.size(object.key)) === undefined) {
      absent.add(object)
      return
    }
    if (!(await fetchObject(storage, object))) return
    throw new UsageError(`The target's storage has another object ${object.key} already.`)
  })
  if (absent.size === 0) return 0

  // The entries are committed first, so that the journal names every object that is put.
  const now = await database.now()
  await database.write((trx) =>
    enterKeys(
      trx,
      [...absent].map(({ key }) => key),
      now,
    ),
  )
  let stored = 0
  await forEach([...absent], async (object) => {
    const path = await provide(object)
    if (path === undefined) return
    // This also removes the remains of an interrupted put, which `size` does not find.
    if (entered.has(object.key)) await storage.remove([object.key])
    await storage.put(object.key, path, { isSpent: true })
    await rm(path, { force: true })
    stored += 1
  })
  return stored
}

/** Reads whole objects back. @returns those that differ from their rows */
export async function verifyObjects<Named extends NamedObject>(
  storage: Storage,
  objects: readonly Named[],
  signal: AbortSignal,
): Promise<{ object: Named; fault: ObjectFault }[]> {
  const faulty: { object: Named; fault: ObjectFault }[] = []
  await forEach(objects, async (object) => {
    signal.throwIfAborted()
    const fault = await fetchObject(storage, object)
    if (fault) faulty.push({ object, fault })
  })
  return faulty
}

/** Runs `work` for several values at once. After a failure it starts no more, and waits for those that run. */
export async function forEach<T>(
  values: readonly T[],
  work: (value: T) => Promise<void>,
): Promise<void> {
  const queue = values.values()
  let failure: { error: unknown } | undefined
  const worker = async () => {
    for (const value of queue) {
      if (failure) return
      await work(value).catch((error) => {
        failure ??= { error }
      })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  if (failure) throw failure.error
}
