import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { UsageError } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'

/** What the first line of a mapping says. A mapping belongs to one source and one library. */
export interface MappingHead {
  /** Name of the kind of source: `wordpress`. */
  source: string
  /** Its URL. */
  site: string
  /** `uuid` of the library. */
  library: string
}

/** A line of a mapping. */
export type MappingEntry =
  | { collection: string; id: number; name: string }
  | {
      item: string
      id: number
      outcome: 'added' | 'known'
      name: string
      /** Old addresses, with those that show the same now. */
      urls: Readonly<Record<string, string>>
    }
  | { item: string; outcome: 'refused'; name: string; reason: string; urls: readonly string[] }

/**
 * The file that says what became of each collection and item of a source: one JSON object a line. Lines are only added,
 * each when it is true, so a run goes on where one before was killed. Of several lines of one item the last one counts.
 */
export interface Mapping {
  /** Ids of the collections by those of the source. */
  collections: ReadonlyMap<string, number>
  /** Whether an item moved in already. */
  has(item: string): boolean
  /** Adds a line, unless it says again why the same item was refused. Durable when the mapping is closed. */
  write(entry: MappingEntry): Promise<void>
  close(): Promise<void>
}

/**
 * Opens the mapping of a source, or makes it.
 * @throws UsageError if the file cannot be used, is none, or belongs to another source or library
 */
export async function openMapping(path: string, head: MappingHead): Promise<Mapping> {
  let file: FileHandle
  try {
    file = await open(path, 'a+', 0o600)
  } catch (error) {
    throw new UsageError(
      `The mapping ${path} cannot be written; give another file with --map. ${error instanceof Error ? error.message : error}`,
    )
  }
  const collections = new Map<string, number>()
  const moved = new Set<string>()
  const reasons = new Map<string, string>()
  const note = (entry: MappingEntry) => {
    if ('collection' in entry) collections.set(entry.collection, entry.id)
    else if (entry.outcome === 'refused') reasons.set(entry.item, entry.reason)
    else {
      moved.add(entry.item)
      reasons.delete(entry.item)
    }
  }
  try {
    const end = await findEnd(file)
    const first = `${JSON.stringify(head)}\n`
    if (end === 0) {
      // The file of somebody else must not be lost: nothing is removed but the beginning of this very line.
      if (!first.startsWith(await file.readFile('utf8'))) throw noMapping(path, 1)
    } else {
      let line = 0
      for await (const entry of readLines(path, end)) {
        line += 1
        if (line === 1) requireSame(path, entry as unknown as MappingHead, head)
        else note(entry as MappingEntry)
      }
    }
    await file.truncate(end)
    if (end === 0) await file.appendFile(first)
  } catch (error) {
    await file.close()
    throw error
  }
  // Lines are written one after another. A line that failed may be half written, so no line is written after it.
  let last: Promise<void> = Promise.resolve()
  return {
    collections,
    has: (item) => moved.has(item),
    async write(entry) {
      if ('item' in entry && entry.outcome === 'refused') {
        if (reasons.get(entry.item) === entry.reason) return
      }
      note(entry)
      last = last.then(() => file.appendFile(`${JSON.stringify(entry)}\n`))
      await last
    },
    async close() {
      await last.catch(() => {})
      await file.sync()
      await file.close()
    },
  }
}

const NEWLINE = 0x0a
const READ_BYTES = 64 * 1024

/** Returns where the last complete line ends. A killed process may have left half a line after it. */
async function findEnd(file: FileHandle): Promise<number> {
  const bytes = Buffer.alloc(READ_BYTES)
  let { size } = await file.stat()
  while (size > 0) {
    const start = Math.max(0, size - READ_BYTES)
    const { bytesRead } = await file.read(bytes, 0, size - start, start)
    const at = bytes.subarray(0, bytesRead).lastIndexOf(NEWLINE)
    if (at !== -1) return start + at + 1
    size = start
  }
  return 0
}

/** @param end of the bytes that are read */
async function* readLines(path: string, end: number): AsyncGenerator<Record<string, unknown>> {
  let number = 0
  const input = heard(createReadStream(path, { end: end - 1 }))
  for await (const line of createInterface({ input })) {
    number += 1
    let entry: unknown
    try {
      entry = JSON.parse(line)
    } catch {
      // Told below.
    }
    if (typeof entry !== 'object' || entry === null) throw noMapping(path, number)
    yield entry as Record<string, unknown>
  }
}

const noMapping = (path: string, line: number) =>
  new UsageError(
    `${path} is no mapping: line ${line} is not a JSON object. Give another file with --map.`,
  )

function requireSame(path: string, found: Partial<MappingHead>, head: MappingHead): void {
  const { source, site, library } = head
  if (found.source !== source || found.site !== site) {
    const other = typeof found.source === 'string' ? `${found.source} at ${found.site}` : 'nothing'
    throw new UsageError(
      `The mapping ${path} belongs to ${other}, not to ${source} at ${site}; give another file with --map.`,
    )
  }
  if (found.library !== library) {
    throw new UsageError(
      `The mapping ${path} belongs to another library; give another file with --map.`,
    )
  }
}
