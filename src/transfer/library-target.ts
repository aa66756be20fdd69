import { rm } from 'node:fs/promises'
import { UsageError } from '../base/errors.ts'
import type { Database } from '../database/database.ts'
import { insertItems } from '../media/change/insert-many.ts'
import {
  fetchObject,
  fetchToFile,
  type NamedObject,
  type ObjectFault,
} from '../storage/fetch-object.ts'
import { findNamedKeys } from '../storage/named-keys.ts'
import type { Storage } from '../storage/storage.ts'
import { readFiles, removeFiles, removeItems, writeFiles } from './files.ts'
import { enterKeys, findEntered } from './journal-rows.ts'
import { readRange } from './tables.ts'
import type { Target } from './walk.ts'

/** Objects transferred at once: enough to keep a disk or a network busy. */
const AT_ONCE = 16

/** The database and the storage of a library. */
export interface OpenLibrary {
  database: Database
  storage: Storage
}

/**
 * A library that becomes equal to the source. Each object is read back before a row names it. So the rows
 * name only complete objects, even if the walk is stopped at any point.
 *
 * @param newFile returns the path of a new temporary file
 * @returns also the number of objects that were put
 */
export function libraryTarget(
  library: OpenLibrary,
  { newFile, signal }: { newFile: () => string; signal: AbortSignal },
): Target & { stored(): number } {
  const { database, storage } = library
  let stored = 0
  return {
    stored: () => stored,
    // Fewer than items, because each has up to three objects.
    filesAtOnce: 50,
    trim: (file) => file,
    readFiles: (range) => readFiles(database.read, range),
    readItems: (range) => readRange(database.read, 'media', range),
    async bringObjects(objects, source) {
      const keys = objects.map(({ key }) => key)
      const named = new Set(await findNamedKeys(database.read, keys))
      const absent = objects.filter(({ key }) => !named.has(key))
      const faults = new Map<string, ObjectFault>()
      const isShared = source.storage === storage
      if (!isShared) {
        stored += await storeObjects(library, absent, async (object) => {
          signal.throwIfAborted()
          const path = newFile()
          const fault = await fetchToFile(source.storage, object, path)
          if (fault) faults.set(object.key, fault)
          return fault ? undefined : path
        })
      }
      const present = absent.filter(({ key }) => !faults.has(key))
      await forEach(present, async (object) => {
        signal.throwIfAborted()
        const fault = await fetchObject(storage, object)
        if (!fault) return
        // The object was just put, so this is a fault of the target. The walk cannot continue.
        if (!isShared || !source.live) {
          throw new Error(`${object.key} ${fault.fault} at the target.`)
        }
        faults.set(object.key, fault)
      })
      return faults
    },
    async writeFiles({ gone, rows }) {
      if (gone.length + rows.length === 0) return
      const now = await database.now()
      await database.write(async (trx) => {
        await removeFiles(trx, gone, now)
        if (rows.length > 0) await writeFiles(trx, rows, now)
      })
    },
    async writeItems({ gone, outdated, rows }) {
      if (gone.length + outdated.length + rows.length === 0) return []
      return database.write(async (trx) => {
        await removeItems(trx, [...gone, ...outdated])
        const ids = [...new Set(rows.map(({ file_id }) => file_id))]
        const files = await trx.selectFrom('files').select('id').where('id', 'in', ids).execute()
        const known = new Set(files.map(({ id }) => id))
        await insertItems(
          trx,
          rows.filter(({ file_id }) => known.has(file_id)),
        )
        return rows.filter(({ file_id }) => !known.has(file_id))
      })
    },
  }
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
