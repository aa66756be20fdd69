import type { Queries } from '../database/tables.ts'
import type { NamedObject, ObjectFault } from '../storage/fetch-object.ts'
import type { Storage } from '../storage/storage.ts'
import { nameItem, nameItems } from '../upkeep/finding.ts'
import { findFault } from './check-rows.ts'
import { type Item, isSame, keysOf, objectsOf, readFile, type StoredFile } from './files.ts'
import { startProgress } from './progress.ts'
import { PART_TABLES, type Range, readRange } from './tables.ts'

/** A library, or the rows of an archive. */
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

/** What a target must do for the rows in a range of ids. */
export interface Change<T> {
  /** Ids of rows that the source does not have. */
  gone: readonly number[]
  /** Ids of rows that the source has with other values. */
  outdated: readonly number[]
  /** New rows, and the new values of those that are outdated. */
  rows: readonly T[]
  /** Ids of rows that cannot be brought. */
  leftOut: readonly number[]
}

/** A library or an archive. */
export interface Target {
  /** Files whose objects are brought at once. */
  filesAtOnce: number
  /** Says that a row is left out, where the target is complete without it. */
  leftOut?: string
  /** Returns the part of a file that the target keeps. */
  trim(stored: StoredFile): StoredFile
  /** Reads what the target has already. */
  readFiles(range: Range): Promise<StoredFile[]>
  readItems(range: Range): Promise<Item[]>
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
 * and goes on where an earlier walk ended, because it brings only what differs.
 *
 * @returns the number of rows that differed, including those that could not be brought
 */
export async function walk(walking: Walk): Promise<number> {
  const { source, target, report, signal } = walking
  const files = await walkRows<StoredFile>(signal, {
    things: 'files',
    total: source.totals?.files,
    batches: source.readFiles(target.filesAtOnce),
    idOf: fileId,
    readTarget: target.readFiles,
    bring: (wanted) => bringFiles(walking, wanted),
    write: target.writeFiles,
  })
  const items = await walkRows<Item>(signal, {
    things: 'items',
    total: source.totals?.media,
    batches: source.readItems(),
    idOf: ({ id }) => id,
    readTarget: target.readItems,
    bring: async (wanted) => wanted.filter((item) => isSound(walking, findFault('media', item))),
    async write(change) {
      for (const item of await target.writeItems(change)) {
        // Otherwise its file was left out, or was added after the walk over the files.
        if (await isDangling(source, item)) report(`The ${nameItem(item)} has no file.`)
      }
    },
  })
  return files + items
}

interface Steps<T> {
  things: string
  total: number | undefined
  batches: AsyncIterable<T[]>
  idOf: (row: T) => number
  readTarget: (range: Range) => Promise<T[]>
  /** @returns the rows that can be written */
  bring: (wanted: readonly T[]) => Promise<T[]>
  write: (change: Change<T>) => Promise<void>
}

/** @returns the number of rows that differed */
async function walkRows<T>(
  signal: AbortSignal,
  { things, total = 0, batches, idOf, readTarget, bring, write }: Steps<T>,
): Promise<number> {
  let after = 0
  let changes = 0
  const progress = startProgress(things)
  progress.setTotal(total)
  async function move(rows: readonly T[], last: number) {
    signal.throwIfAborted()
    const there = new Map((await readTarget({ after, last })).map((row) => [idOf(row), row]))
    const ids = new Set(rows.map(idOf))
    const gone = [...there.keys()].filter((id) => !ids.has(id))
    const wanted = rows.filter((row) => !isSame(row, there.get(idOf(row))))
    const brought = await bring(wanted)
    const written = new Set(brought.map(idOf))
    await write({
      gone,
      outdated: wanted.map(idOf).filter((id) => there.has(id)),
      rows: brought,
      leftOut: wanted.map(idOf).filter((id) => !written.has(id)),
    })
    changes += gone.length + wanted.length
    after = last
    for (const _ of rows) progress.advance()
  }
  try {
    for await (const rows of batches) await move(rows, Math.max(after, ...rows.map(idOf)))
    await move([], Number.MAX_SAFE_INTEGER)
    return changes
  } finally {
    progress.stop()
  }
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
    const sound = wanted
      .map(target.trim)
      .filter((stored) => isSound(walking, findFileFault(stored)))
    const faults = await target.bringObjects(sound.flatMap(objectsOf), source)
    wanted = []
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
      if (!faulty.every((key) => known.has(key))) wanted = [...wanted, now]
      else brought.push(...(await reportFaults(walking, stored, faults)))
    }
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
  const lines = keysOf(stored).flatMap((key) => {
    const name = key === file.key ? 'original' : 'image'
    const { fault } = faults.get(key) ?? {}
    return fault === undefined ? [] : [`The ${name} of ${items} ${fault} (${key}).`]
  })
  const isLost = faults.has(file.key)
  report(
    [...(isLost && target.leftOut ? [`${target.leftOut}: ${items}.`] : []), ...lines].join(' '),
  )
  return isLost ? [] : [{ ...stored, variants: variants.filter(({ key }) => !faults.has(key)) }]
}

function isSound({ target, report }: Walk, fault: string | undefined): boolean {
  if (fault !== undefined) report(target.leftOut ? `${fault} ${target.leftOut}.` : fault)
  return fault === undefined
}

/** The first fault in the rows of a file, if there is one. */
const findFileFault = (stored: StoredFile): string | undefined =>
  [
    findFault('files', stored.file),
    ...PART_TABLES.flatMap(({ name }) => stored[name].map((row) => findFault(name, row))),
  ].find((fault) => fault !== undefined)

/** Whether an item names a file that does not exist. Only a damaged database has such an item. */
async function isDangling({ live }: Source, { id, file_id }: Item): Promise<boolean> {
  if (!live) return true
  if (await readFile(live, file_id)) return false
  return (await readRange(live, 'media', { after: id - 1, last: id })).length > 0
}

const fileId = ({ file }: StoredFile): number => file.id
