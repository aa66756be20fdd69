import { isDeepStrictEqual } from 'node:util'
import type { Queries } from '../database/tables.ts'
import { insertItems } from '../media/change/insert-many.ts'
import { fetchToFile, type ObjectFault } from '../storage/fetch-object.ts'
import { nameItem, nameItems } from '../upkeep/finding.ts'
import { findFault } from './check-rows.ts'
import {
  isSameFile,
  keysOf,
  objectsOf,
  readFile,
  readFiles,
  removeFiles,
  type StoredFile,
  writeFiles,
} from './files.ts'
import { type Item, readItems, removeItemRows } from './items.ts'
import { type OpenLibrary, storeObjects, verifyObjects } from './objects.ts'

/** Rows compared at a time. Fewer files than items, because each file has up to three objects. */
const FILES_AT_ONCE = 50
const ITEMS_AT_ONCE = 500

export interface Sync {
  source: OpenLibrary
  /** Has the storage of the source if both libraries share it. */
  target: OpenLibrary
  /** Returns the path of a new temporary file. */
  newFile: () => string
  signal: AbortSignal
  advance: () => void
}

export interface SyncResult {
  /** Rows that differed at the two ends, including those that could not be copied yet. */
  changes: number
  /** Objects that were put. */
  stored: number
  /** Faults at the source, one line each. */
  faults: string[]
}

/**
 * Makes the files of the target equal to those of the source: their rows and all their objects. Reads each
 * object back from the target before a row there names it. So the rows of the target name only complete
 * objects, even if this is stopped at any point.
 */
export async function syncFiles(sync: Sync): Promise<SyncResult> {
  const { source, target, signal, advance } = sync
  const outcome: SyncResult = { changes: 0, stored: 0, faults: [] }
  for (let after = 0, isLast = false; !isLast; ) {
    signal.throwIfAborted()
    const wanted = await readFiles(source.database.read, { after, limit: FILES_AT_ONCE })
    isLast = wanted.length < FILES_AT_ONCE
    const last = isLast ? Number.MAX_SAFE_INTEGER : (wanted.at(-1)?.file.id ?? after)
    const there = new Map(
      (await readFiles(target.database.read, { after, last })).map((stored) => [
        stored.file.id,
        stored,
      ]),
    )
    const ids = new Set(wanted.map(({ file }) => file.id))
    const gone = [...there.keys()].filter((id) => !ids.has(id))
    const different = wanted.filter((stored) => !isSameFile(stored, there.get(stored.file.id)))
    outcome.changes += gone.length + different.length

    const sound = different.filter((stored) => {
      const fault = findFileFault(stored)
      if (fault !== undefined) outcome.faults.push(fault)
      return fault === undefined
    })
    const whole = await bringObjects(sync, sound, there, outcome)
    const now = await target.database.now()
    if (gone.length + whole.length > 0) {
      await target.database.write(async (trx) => {
        await removeFiles(trx, gone, now)
        if (whole.length > 0) await writeFiles(trx, whole, now)
      })
    }
    for (const _ of wanted) advance()
    after = last
  }
  return outcome
}

/** The first fault in the rows of a file, if there is one. */
function findFileFault({ file, variants, earlier }: StoredFile): string | undefined {
  const rows = [
    findFault('files', file),
    ...variants.map((row) => findFault('variants', row)),
    ...earlier.map((row) => findFault('earlier_addresses', row)),
  ]
  return rows.find((fault) => fault !== undefined)
}

/** @returns the files whose objects are all at the target */
async function bringObjects(
  { source, target, newFile, signal }: Sync,
  files: readonly StoredFile[],
  there: ReadonlyMap<number, StoredFile>,
  outcome: SyncResult,
): Promise<StoredFile[]> {
  const objects = files.flatMap((stored) => {
    const before = there.get(stored.file.id)
    const known = new Set(before && keysOf(before))
    return objectsOf(stored)
      .filter(({ key }) => !known.has(key))
      .map(({ key, size, sha256 }) => ({ key, size, sha256, of: stored.file.id }))
  })
  const incomplete = new Map<number, { key: string; fault: ObjectFault }>()
  const isShared = source.storage === target.storage
  if (!isShared) {
    outcome.stored += await storeObjects(target, objects, async (object) => {
      signal.throwIfAborted()
      const path = newFile()
      const fault = await fetchToFile(source.storage, object, path)
      if (!fault) return path
      incomplete.set(object.of, { key: object.key, fault })
      return undefined
    })
  }
  const faulty = await verifyObjects(
    target.storage,
    objects.filter(({ of }) => !incomplete.has(of)),
    signal,
  )
  for (const { object, fault } of faulty) {
    // The object was just put, so this is a fault of the target. The copy cannot continue.
    if (!isShared) throw new Error(`${object.key}, which was just stored, ${fault.fault}.`)
    incomplete.set(object.of, { key: object.key, fault })
  }
  for (const [id, { key, fault }] of incomplete) {
    // The file was deleted or got another object meanwhile. The next pass copies that.
    const now = await readFile(source.database.read, id)
    if (!now || !keysOf(now).includes(key)) continue
    const name = now.file.key === key ? 'original' : 'image'
    const items = await nameItems(source.database.read, id)
    outcome.faults.push(`The ${name} of ${items} ${fault.fault} (${key}).`)
  }
  return files.filter(({ file }) => !incomplete.has(file.id))
}

/** Makes the items of the target equal to those of the source, if their files are at the target. */
export async function syncItems(sync: Sync): Promise<SyncResult> {
  const { source, target, signal, advance } = sync
  const outcome: SyncResult = { changes: 0, stored: 0, faults: [] }
  for (let after = 0, isLast = false; !isLast; ) {
    signal.throwIfAborted()
    const wanted = await readItems(source.database.read, { after, limit: ITEMS_AT_ONCE })
    isLast = wanted.length < ITEMS_AT_ONCE
    const last = isLast ? Number.MAX_SAFE_INTEGER : (wanted.at(-1)?.id ?? after)
    const there = new Map(
      (await readItems(target.database.read, { after, last })).map((item) => [item.id, item]),
    )
    const ids = new Set(wanted.map(({ id }) => id))
    const gone = [...there.keys()].filter((id) => !ids.has(id))
    const different = wanted.filter(
      (item) => !isDeepStrictEqual({ ...item }, { ...there.get(item.id) }),
    )
    const outdated = different.map(({ id }) => id).filter((id) => there.has(id))
    outcome.changes += gone.length + different.length

    const sound = different.filter((item) => {
      const fault = findFault('media', item)
      if (fault !== undefined) outcome.faults.push(fault)
      return fault === undefined
    })
    if (gone.length + different.length > 0) {
      const early = await target.database.write(async (trx) => {
        await removeItemRows(trx, [...gone, ...outdated])
        const fileIds = [...new Set(sound.map(({ file_id }) => file_id))]
        const files = await trx
          .selectFrom('files')
          .select('id')
          .where('id', 'in', fileIds)
          .execute()
        const known = new Set(files.map(({ id }) => id))
        const [ready, early] = partition(sound, ({ file_id }) => known.has(file_id))
        await insertItems(trx, ready)
        return early
      })
      // Their files were added after the pass over the files. The next pass copies them.
      for (const item of early) {
        if (await isDangling(source.database.read, item)) {
          outcome.faults.push(`The ${nameItem(item)} has no file.`)
        }
      }
    }
    for (const _ of wanted) advance()
    after = last
  }
  return outcome
}

/** Whether an item names a file that does not exist. Only a damaged database has such an item. */
async function isDangling(db: Queries, { id, file_id }: Item): Promise<boolean> {
  if (await readFile(db, file_id)) return false
  const items = await readItems(db, { after: id - 1, last: id })
  return items.length > 0
}

function partition<T>(values: readonly T[], isFirst: (value: T) => boolean): [T[], T[]] {
  return [values.filter(isFirst), values.filter((value) => !isFirst(value))]
}
