import type { Queries } from '../database/tables.ts'
import type { NamedObject, ObjectFault } from '../storage/fetch-object.ts'
import type { Storage } from '../storage/storage.ts'
import { nameItem, nameItems } from '../upkeep/finding.ts'
import { findFault } from './check-rows.ts'
import { type Item, keysOf, objectsOf, readFile, type StoredFile } from './files.ts'
import { startProgress } from './progress.ts'
import { PART_TABLES, type Range, readRange } from './tables.ts'

/** A library, or its rows at one instant, or an unpacked archive. */
export interface Source {
  /** Has the objects. It is the storage of the target if they are there already. */
  storage: Storage
  /** The database of a library, which may change meanwhile. An archive has none. */
  live?: Queries
  /** How many rows there are, for the progress. */
  totals?: Readonly<Record<'files' | 'media', number>>
  /** Reads all files in batches, in ascending order of id. */
  readFiles(limit: number): AsyncIterable<StoredFile[]>
  /** Reads all items in batches, in ascending order of id. */
  readItems(): AsyncIterable<Item[]>
}

/** All rows of the source in a range of ids. */
export interface Batch<T> extends Required<Range> {
  rows: readonly T[]
}

/** How a target differs from a batch. */
export interface Difference<T> {
  /** Ids of rows that the target must delete first. */
  stale: number[]
  /** Rows that the target does not have. */
  wanted: T[]
}

/** What a target writes for a batch. */
export interface Change<T> {
  stale: readonly number[]
  rows: readonly T[]
  /** Ids of wanted rows that cannot be written. */
  leftOut: readonly number[]
}

/** A library or an archive. */
export interface Target {
  /** Files whose objects are brought at once. */
  filesAtOnce: number
  /** Begins the report of a file that is left out, where the target is complete without it. */
  leftOut?: string
  /** Returns the part of a file that the target keeps. */
  trim(stored: StoredFile): StoredFile
  compareFiles(batch: Batch<StoredFile>): Promise<Difference<StoredFile>>
  compareItems(batch: Batch<Item>): Promise<Difference<Item>>
  /**
   * Brings objects from the storage of the source, and compares them with their rows.
   * @returns the faults of objects of the source, by key
   * @throws Error if the target itself has a fault
   */
  bringObjects(
    objects: readonly NamedObject[],
    source: Source,
  ): Promise<ReadonlyMap<string, ObjectFault>>
  /** Writes files whose objects have been brought. */
  writeFiles(change: Change<StoredFile>): Promise<void>
  /** @returns the items that are not written because the target does not have their files */
  writeItems(change: Change<Item>): Promise<Item[]>
}

export interface Walk {
  source: Source
  target: Target
  /** Receives each fault of the source: one line that names the affected rows. */
  report: (fault: string) => void
  signal: AbortSignal
}

/**
 * Brings all files and items of the source to the target, with their objects. Everything that moves a library
 * does it by this one walk. It checks each row, has each object compared with its row before the target names it,
 * and continues where an earlier walk ended, because only differences are brought.
 *
 * @returns the number of rows that differed, including those that could not be brought
 */
export async function walk(walking: Walk): Promise<number> {
  const { totals } = walking.source
  const files = await withProgress('files', totals?.files, (advance) => walkFiles(walking, advance))
  return (
    files + (await withProgress('items', totals?.media, (advance) => walkItems(walking, advance)))
  )
}

type Advance = () => void

async function walkFiles(walking: Walk, advance: Advance): Promise<number> {
  const { source, target, signal } = walking
  let changes = 0
  for await (const batch of inRanges(source.readFiles(target.filesAtOnce), fileId)) {
    signal.throwIfAborted()
    const { stale, wanted } = await target.compareFiles({
      ...batch,
      rows: batch.rows.map(target.trim),
    })
    changes += stale.length + wanted.length
    const rows = await bringFiles(walking, wanted)
    await target.writeFiles({ stale, rows, leftOut: leftOf(wanted, rows, fileId) })
    for (const _ of batch.rows) advance()
  }
  return changes
}

async function walkItems(walking: Walk, advance: Advance): Promise<number> {
  const { source, target, report, signal } = walking
  let changes = 0
  for await (const batch of inRanges(source.readItems(), itemId)) {
    signal.throwIfAborted()
    const { stale, wanted } = await target.compareItems(batch)
    changes += stale.length + wanted.length
    const rows = wanted.filter((item) => isSound(walking, findFault('media', item)))
    const leftOut = leftOf(wanted, rows, itemId)
    for (const item of await target.writeItems({ stale, rows, leftOut })) {
      // Otherwise its file was left out, or was added after the walk over the files.
      if (await isDangling(source, item)) report(`The ${nameItem(item)} has no file.`)
    }
    for (const _ of batch.rows) advance()
  }
  return changes
}

/**
 * Brings the objects of files to the target. If a file got other objects meanwhile, brings those. Leaves out a
 * file whose original is faulty. If only variants are faulty, leaves out those.
 * @returns the files whose objects are at the target, in ascending order of id
 */
async function bringFiles(walking: Walk, files: readonly StoredFile[]): Promise<StoredFile[]> {
  const { source, target } = walking
  const brought: StoredFile[] = []
  for (let wanted = files; wanted.length > 0; ) {
    const sound = wanted.filter((stored) => isSound(walking, findFileFault(stored)))
    const faults = await target.bringObjects(sound.flatMap(objectsOf), source)
    const changed: StoredFile[] = []
    for (const stored of sound) {
      const faulty = keysOf(stored).filter((key) => faults.has(key))
      if (faulty.length === 0) {
        brought.push(stored)
        continue
      }
      const now = source.live && (await readFile(source.live, stored.file.id))
      // Otherwise the file was deleted meanwhile, together with all of its items.
      if (!now) continue
      const known = new Set(keysOf(now))
      if (!faulty.every((key) => known.has(key))) changed.push(target.trim(now))
      else brought.push(...(await reportFaults(walking, stored, faults)))
    }
    wanted = changed
  }
  return brought.sort((a, b) => fileId(a) - fileId(b))
}

/** @returns the file without its faulty variants; nothing if its original is faulty */
async function reportFaults(
  { source, target, report }: Walk,
  stored: StoredFile,
  faults: ReadonlyMap<string, ObjectFault>,
): Promise<StoredFile[]> {
  const { file, variants } = stored
  const items = source.live ? await nameItems(source.live, file.id) : `file ${file.id}`
  const isLeftOut = faults.has(file.key)
  const lines = keysOf(stored).flatMap((key) => {
    const { fault } = faults.get(key) ?? {}
    const name = key === file.key ? 'original' : 'image'
    return fault === undefined ? [] : [`The ${name} of ${items} ${fault} (${key}).`]
  })
  if (isLeftOut && target.leftOut) lines.unshift(`${target.leftOut}: ${items}.`)
  report(lines.join(' '))
  return isLeftOut ? [] : [{ ...stored, variants: variants.filter(({ key }) => !faults.has(key)) }]
}

function isSound({ target, report }: Walk, fault: string | undefined): boolean {
  if (fault === undefined) return true
  report(target.leftOut ? `${fault} ${target.leftOut}.` : fault)
  return false
}

/** The first fault in the rows of a file, if there is one. */
function findFileFault(stored: StoredFile): string | undefined {
  const faults = [
    findFault('files', stored.file),
    ...PART_TABLES.flatMap(({ name }) => stored[name].map((row) => findFault(name, row))),
  ]
  return faults.find((fault) => fault !== undefined)
}

/** Whether an item names a file that does not exist. Only a damaged database has such an item. */
async function isDangling({ live }: Source, { id, file_id }: Item): Promise<boolean> {
  if (!live) return true
  if (await readFile(live, file_id)) return false
  const items = await readRange(live, 'media', { after: id - 1, last: id })
  return items.length > 0
}

const fileId = ({ file }: StoredFile): number => file.id
const itemId = ({ id }: Item): number => id

const leftOf = <T>(wanted: readonly T[], rows: readonly T[], idOf: (row: T) => number) => {
  const ids = new Set(rows.map(idOf))
  return wanted.map(idOf).filter((id) => !ids.has(id))
}

/** Adds the ranges of ids, which together contain every id. The last batch has no rows. */
async function* inRanges<T>(
  batches: AsyncIterable<T[]>,
  idOf: (row: T) => number,
): AsyncGenerator<Batch<T>> {
  let after = 0
  for await (const rows of batches) {
    const row = rows.at(-1)
    if (row === undefined) continue
    yield { rows, after, last: idOf(row) }
    after = idOf(row)
  }
  yield { rows: [], after, last: Number.MAX_SAFE_INTEGER }
}

async function withProgress<T>(
  things: string,
  total: number | undefined,
  work: (advance: Advance) => Promise<T>,
): Promise<T> {
  const progress = startProgress(things)
  if (total !== undefined) progress.setTotal(total)
  try {
    return await work(progress.advance)
  } finally {
    progress.stop()
  }
}
