import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { heard } from '../../base/heard.ts'
import type { NamedObject } from '../../storage/fetch-object.ts'
import { isKey } from '../../storage/storage.ts'
import { type OpenLibrary, storeObjects } from '../objects.ts'
import { startProgress } from '../progress.ts'
import { ACCOUNT_TABLES } from '../tables.ts'
import { ArchiveFault, type Header, LIBRARY, OBJECTS, ROWS } from './format.ts'
import { type ArchiveEntry, readArchive } from './read-archive.ts'

/** Limits of a batch of objects: the first one reached counts. One commit enters the keys of a batch. */
const OBJECTS_AT_ONCE = 64
const BYTES_AT_ONCE = 100_000_000

/** Paths of the unpacked entries by their names in the archive. Objects are not among them. */
export type Unpacked = ReadonlyMap<string, string>

/** The entries that are not objects, each with the first version of the format that has it. */
const FILES: ReadonlyMap<string, number> = new Map([
  [LIBRARY, 1],
  ...['files', 'variants', 'media'].map((table) => [`${ROWS}${table}.ndjson`, 1] as const),
  [`${ROWS}earlier_addresses.ndjson`, 3],
  ...ACCOUNT_TABLES.filter(({ isOfSessions }) => !isOfSessions).map(
    ({ name, since = 1 }) => [`${ROWS}${name}.ndjson`, since] as const,
  ),
])

/**
 * Puts the objects of an archive into storage, and writes its rows into files. When this resolves, the whole
 * archive has been compared with its sums.
 *
 * @throws ArchiveFault if the archive is not as it was written
 */
export async function unpack(
  library: OpenLibrary,
  input: Readable,
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<Unpacked> {
  const unpacked = new Map<string, string>()
  let waiting: (NamedObject & { path: string })[] = []
  let bytes = 0
  const store = async () => {
    await storeObjects(library, waiting, async ({ path }) => path)
    for (const { path } of waiting) await rm(path, { force: true })
    waiting = []
    bytes = 0
  }

  const progress = startProgress('objects')
  let count = 0
  let version = 0
  const onHeader = (header: Header) => {
    version = header.version
    progress.setTotal(header.objects)
  }
  try {
    for await (const entry of readArchive(input, onHeader)) {
      signal.throwIfAborted()
      const path = join(folder, String(count++))
      const sha256 = await writeEntry(entry, path)
      const key = entry.name.slice(OBJECTS.length)
      if (entry.name.startsWith(OBJECTS) && isKey(key)) {
        waiting.push({ key, size: entry.size, sha256, path })
        bytes += entry.size
        progress.advance()
        if (waiting.length === OBJECTS_AT_ONCE || bytes >= BYTES_AT_ONCE) await store()
      } else if (FILES.has(entry.name) && !unpacked.has(entry.name)) {
        unpacked.set(entry.name, path)
      } else {
        throw new ArchiveFault(`The backup has an unexpected entry ${JSON.stringify(entry.name)}.`)
      }
    }
    await store()
  } finally {
    progress.stop()
  }
  for (const [name, since] of FILES) {
    if (since <= version && !unpacked.has(name)) {
      throw new ArchiveFault(`The backup has no ${name}.`)
    }
  }
  return unpacked
}

/** @returns the SHA-256 of the content */
async function writeEntry({ content }: ArchiveEntry, path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(
    content,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        yield chunk
      }
    },
    heard(createWriteStream(path, { mode: 0o600 })),
  )
  return hash.digest('hex')
}
