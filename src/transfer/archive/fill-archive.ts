import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  fetchToFile,
  fetchToMemory,
  type NamedObject,
  type ObjectFault,
} from '../../storage/fetch-object.ts'
import type { Storage } from '../../storage/storage.ts'
import type { TemporaryFolder } from '../../storage/temporary.ts'
import { nameItems } from '../../upkeep/finding.ts'
import type { Contents } from '../contents.ts'
import { keysOf, objectsOf, readFile, type StoredFile } from '../files.ts'
import type { Item } from '../items.ts'
import type { OpenLibrary } from '../objects.ts'
import { startProgress } from '../progress.ts'
import { HEADER, type Header, OBJECTS, ROWS, VERSION } from './format.ts'
import { readRowLines, toLines, writeLines } from './lines.ts'
import { takeSnapshot } from './snapshot.ts'
import type { ArchiveWriter } from './write-archive.ts'

/** Files whose objects are fetched at once. */
const FILES_AT_ONCE = 8

export interface BackedUp {
  contents: Contents
  /** Objects and items that are missing from the backup, one line each. */
  faults: string[]
  /** SHA-256 of the entry `SHA256SUMS`. */
  sha256: string
}

/**
 * Writes the current state of the library into an archive. The rows are those of one instant. The objects are
 * read afterwards, which may take long. If a file is deleted before its objects are read, the archive contains
 * neither the file nor its items. If it is deleted later, the archive contains all of it.
 *
 * @param folder for temporary files of this call only
 */
export async function fillArchive(
  archive: ArchiveWriter,
  library: OpenLibrary,
  temporary: TemporaryFolder,
  folder: string,
  signal: AbortSignal,
): Promise<BackedUp> {
  const snapshot = await takeSnapshot(library.database, folder)
  const header: Header = {
    format: 'vitrine-backup',
    version: VERSION,
    created: new Date().toISOString(),
    objects: snapshot.objects,
  }
  await archive.addText(HEADER, `${JSON.stringify(header)}\n`)

  const contents: Contents = {
    items: 0,
    files: 0,
    fileBytes: 0,
    variants: 0,
    variantBytes: 0,
    users: snapshot.users,
  }
  const faults: string[] = []
  const absent = new Set<number>()
  const rows = {
    files: writeLines(join(folder, 'files.ndjson')),
    variants: writeLines(join(folder, 'variants.ndjson')),
    earlier_addresses: writeLines(join(folder, 'earlier_addresses.ndjson')),
    media: writeLines(join(folder, 'media.ndjson')),
  }

  const progress = startProgress('files')
  progress.setTotal(snapshot.files)
  try {
    for await (const batch of readRowLines<StoredFile>(snapshot.filesPath)) {
      for (let start = 0; start < batch.length; start += FILES_AT_ONCE) {
        signal.throwIfAborted()
        const taking = batch.slice(start, start + FILES_AT_ONCE).map(async (stored) => ({
          id: stored.file.id,
          ...(await takeObjects(library, stored, temporary.newFile)),
        }))
        const taken = await settleAll(taking)
        for (const { id, whole, objects, fault } of taken) {
          progress.advance()
          if (fault !== undefined) faults.push(fault)
          if (!whole) {
            absent.add(id)
            continue
          }
          for (const { key, sha256, content } of objects) {
            if (Buffer.isBuffer(content)) await archive.addBytes(OBJECTS + key, content, sha256)
            else {
              await archive.add(OBJECTS + key, content)
              await rm(content)
            }
          }
          const { file, variants, earlier } = whole
          await rows.files.write(toLines([file]))
          await rows.variants.write(toLines(variants))
          await rows.earlier_addresses.write(toLines(earlier))
          contents.files += 1
          contents.fileBytes += file.size
          contents.variants += variants.length
          contents.variantBytes += variants.reduce((sum, { size }) => sum + size, 0)
        }
      }
    }
  } finally {
    progress.stop()
  }

  for await (const batch of readRowLines<Item>(snapshot.itemsPath)) {
    const present = batch.filter(({ file_id }) => !absent.has(file_id))
    contents.items += present.length
    await rows.media.write(toLines(present))
  }
  for (const { name, path } of snapshot.others) await archive.add(name, path)
  for (const [table, lines] of Object.entries(rows)) {
    await lines.close()
    await archive.add(`${ROWS}${table}.ndjson`, lines.path)
  }
  return { contents, faults, sha256: await archive.finish() }
}

/** Waits for all, so that no work continues after a failure. */
async function settleAll<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work)
  return Promise.all(work)
}

/** Objects up to this size are held in memory. Larger ones pass through a file. */
const SMALL_BYTES = 1024 * 1024

interface FetchedObject {
  key: string
  sha256: string
  /** The bytes, or the path of a file with them. */
  content: Buffer | string
}

interface Taken {
  /** The file as the backup contains it; undefined if the backup does not contain it. */
  whole: StoredFile | undefined
  objects: FetchedObject[]
  /** Names the objects that are missing from the backup. */
  fault?: string
}

/**
 * Reads the objects of a file of the snapshot from storage. If the file got other objects meanwhile, reads
 * those.
 */
async function takeObjects(
  { database, storage }: OpenLibrary,
  stored: StoredFile,
  newFile: () => string,
): Promise<Taken> {
  for (let wanted = stored; ; ) {
    const objects: Taken['objects'] = []
    const faults = new Map<string, ObjectFault>()
    for (const object of objectsOf(wanted)) {
      const { key, sha256 } = object
      const fetched = await fetchContent(storage, object, newFile)
      if (typeof fetched === 'string' || Buffer.isBuffer(fetched)) {
        objects.push({ key, sha256, content: fetched })
      } else faults.set(key, fetched)
    }
    if (faults.size === 0) return { whole: wanted, objects }

    const now = await readFile(database.read, stored.file.id)
    const known = now && new Set(keysOf(now))
    if (now && known && [...faults.keys()].every((key) => known.has(key))) {
      return leaveOut(wanted, objects, faults, await nameItems(database.read, stored.file.id))
    }
    await discard(objects)
    // The file was deleted meanwhile, together with all of its items.
    if (!now) return { whole: undefined, objects: [] }
    // The file got other objects meanwhile.
    wanted = { ...now, variants: now.variants.filter(({ name }) => name === 'scaled') }
  }
}

async function fetchContent(
  storage: Storage,
  object: NamedObject,
  newFile: () => string,
): Promise<Buffer | string | ObjectFault> {
  if (object.size <= SMALL_BYTES) return fetchToMemory(storage, object)
  const path = newFile()
  return (await fetchToFile(storage, object, path)) ?? path
}

async function discard(objects: readonly FetchedObject[]): Promise<void> {
  for (const { content } of objects) if (typeof content === 'string') await rm(content)
}

/** Leaves out a file whose original is faulty. If only variants are faulty, leaves out those. */
async function leaveOut(
  { file, variants, earlier }: StoredFile,
  objects: Taken['objects'],
  faults: ReadonlyMap<string, ObjectFault>,
  items: string,
): Promise<Taken> {
  const fault = [...faults]
    .map(
      ([key, { fault }]) =>
        `The ${key === file.key ? 'original' : 'image'} of ${items} ${fault} (${key}).`,
    )
    .join(' ')
  if (!faults.has(file.key)) {
    const sound = variants.filter(({ key }) => !faults.has(key))
    return { whole: { file, variants: sound, earlier }, objects, fault }
  }
  await discard(objects)
  return { whole: undefined, objects: [], fault: `Not backed up: ${items}. ${fault}` }
}
