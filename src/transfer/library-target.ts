import type { Queries } from '../database/tables.ts'
import { insertItems } from '../media/change/insert-many.ts'
import { fetchToFile, type ObjectFault } from '../storage/fetch-object.ts'
import { findNamedKeys } from '../storage/named-keys.ts'
import { type Item, isSame, readFiles, removeFiles, removeItems, writeFiles } from './files.ts'
import { type OpenLibrary, storeObjects, verifyObjects } from './objects.ts'
import { readRange } from './tables.ts'
import type { Batch, Target } from './walk.ts'

export interface LibraryTarget extends Target {
  /** Objects that were put. */
  stored(): number
}

/**
 * A library that becomes equal to the source. Each object is read back before a row names it. So the rows
 * name only complete objects, even if the walk is stopped at any point.
 *
 * @param newFile returns the path of a new temporary file
 */
export function libraryTarget(
  library: OpenLibrary,
  { newFile, signal }: { newFile: () => string; signal: AbortSignal },
): LibraryTarget {
  const { database, storage } = library
  let stored = 0
  return {
    // Fewer than items, because each has up to three objects.
    filesAtOnce: 50,
    stored: () => stored,
    trim: (file) => file,
    async compareFiles(batch) {
      return compare(batch, await readFiles(database.read, batch), ({ file }) => file.id)
    },
    async compareItems(batch) {
      const present = await readRange(database.read, 'media', batch)
      const { stale, wanted } = compare(batch, present, ({ id }) => id)
      const there = new Set(present.map(({ id }) => id))
      const outdated = wanted.map(({ id }) => id).filter((id) => there.has(id))
      return { stale: [...stale, ...outdated], wanted }
    },
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
          if (!fault) return path
          faults.set(object.key, fault)
          return undefined
        })
      }
      const present = absent.filter(({ key }) => !faults.has(key))
      for (const { object, fault } of await verifyObjects(storage, present, signal)) {
        // The object was just put, so this is a fault of the target. The walk cannot continue.
        if (!isShared || !source.live) {
          throw new Error(`${object.key}, which was just stored, ${fault.fault}.`)
        }
        faults.set(object.key, fault)
      }
      return faults
    },
    async writeFiles({ stale, rows }) {
      if (stale.length + rows.length === 0) return
      const now = await database.now()
      await database.write(async (trx) => {
        await removeFiles(trx, stale, now)
        if (rows.length > 0) await writeFiles(trx, rows, now)
      })
    },
    async writeItems({ stale, rows }) {
      if (stale.length + rows.length === 0) return []
      return database.write(async (trx) => {
        await removeItems(trx, stale)
        const known = await findFileIds(trx, rows)
        await insertItems(
          trx,
          rows.filter(({ file_id }) => known.has(file_id)),
        )
        return rows.filter(({ file_id }) => !known.has(file_id))
      })
    },
  }
}

function compare<T>(batch: Batch<T>, present: readonly T[], idOf: (row: T) => number) {
  const there = new Map(present.map((row) => [idOf(row), row]))
  const ids = new Set(batch.rows.map(idOf))
  return {
    stale: [...there.keys()].filter((id) => !ids.has(id)),
    wanted: batch.rows.filter((row) => !isSame(row, there.get(idOf(row)))),
  }
}

async function findFileIds(trx: Queries, items: readonly Item[]): Promise<Set<number>> {
  const ids = [...new Set(items.map(({ file_id }) => file_id))]
  const files = await trx.selectFrom('files').select('id').where('id', 'in', ids).execute()
  return new Set(files.map(({ id }) => id))
}
