import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import type { Queries } from '../../database/tables.ts'
import {
  createIncomingFile,
  type IncomingFile,
  imageTooLarge,
  type SpooledFile,
} from '../../http/body/incoming-file.ts'
import type { NewMedia } from '../../media/change/add.ts'
import type { Library } from '../../media/library.ts'
import type { FoundEntry } from './find-files.ts'
import { itemName, itemTags } from './import-names.ts'

const READ_BYTES = 1024 * 1024
/** Up to here a file is kept in memory from the one time that it is read. */
const HELD_BYTES = 8 * READ_BYTES

/**
 * Memory to read one file after another into. New memory for each would have V8 look through all of its
 * heap every few files, to free what has gathered outside of it.
 */
export const allocateFileMemory = (): Buffer => Buffer.allocUnsafeSlow(HELD_BYTES)
/** How often a busy library is tried again, after as many seconds as it asks for. */
const BUSY_ATTEMPTS = 60

/**
 * What became of a file. `known`: an item has the same bytes already. `refused`: it is no image that
 * the library accepts. `failed`: it could not be read, or something else went wrong.
 */
export type Outcome =
  | { kind: 'added' | 'known' }
  | { kind: 'refused' | 'failed'; reason: string; isUnexplained?: boolean }

/** The library cannot take anything now, so that other files need not be tried. */
export class LibraryFault extends Error {
  constructor(cause: unknown) {
    const reason = explainCauses(cause).replace(/\.?$/, '.')
    super(`The library cannot store images: ${reason}`, { cause })
    this.name = 'LibraryFault'
  }
}

/** The file could not be read: its own fault, or that of the disk it is on. */
class UnreadableFile extends Error {}

/**
 * Adds a file to the library, unless an item shows the same bytes. What is added is a copy of what was
 * read, so that a file which changes meanwhile is stored as it was read.
 *
 * @param add see `createAdder`
 * @param memory of `allocateFileMemory`, for nobody else until this resolves
 * @throws LibraryFault
 */
export async function importFile(
  library: Library,
  add: (media: NewMedia) => Promise<void>,
  { path, folders, name, error }: FoundEntry,
  { maxImageBytes, memory }: { maxImageBytes: number; memory: Buffer },
): Promise<Outcome> {
  const heldPath = library.temporary.newFile()
  const copy = createIncomingFile(library.temporary.newFile, maxImageBytes)
  try {
    if (error) throw new UnreadableFile(error.message, { cause: error })
    const image = await takeIn()
    if (image === undefined) return { kind: 'known' }
    if (image.size === 0) return { kind: 'refused', reason: 'The file is empty.' }
    const item = { name: itemName(name), tags: itemTags(folders), image, onlyNew: true }
    await addPatiently(add, item)
    return { kind: 'added' }
  } catch (error) {
    return judge(error)
  } finally {
    // They go with the folder of this process; the item is there or not, whatever comes of this.
    await Promise.all([copy.discard(), rm(heldPath, { force: true })]).catch((error) => {
      library.log.warn({ err: error }, 'The temporary file of an import could not be removed')
    })
  }

  async function takeIn(): Promise<SpooledFile | undefined> {
    const { sha256, held } = await readOnce(path, maxImageBytes, memory)
    if (await isShown(library.database.read, sha256)) return undefined
    return held ? writeHeld(heldPath, held, sha256) : copyAgain(copy, path, maxImageBytes)
  }
}

/** @returns the hash of a file and, unless it is large, its bytes, which are in `memory` */
async function readOnce(
  path: Buffer,
  maxImageBytes: number,
  memory: Buffer,
): Promise<{ sha256: string; held?: Buffer }> {
  const { size } = await stat(path).catch(unreadable)
  if (size > maxImageBytes) throw fileTooLarge(size, maxImageBytes)
  const hash = createHash('sha256')
  let bytes = 0
  const file = await open(path).catch(unreadable)
  try {
    for (;;) {
      // What is large comes round and overwrites itself; it is only hashed.
      const at = bytes % memory.length
      // At most one byte more than is allowed, so that a file that grows is found too large.
      const most = Math.min(READ_BYTES, memory.length - at, maxImageBytes + 1 - bytes)
      const { bytesRead } = await file.read(memory, at, most).catch(unreadable)
      if (bytesRead === 0) break
      hash.update(memory.subarray(at, at + bytesRead))
      bytes += bytesRead
    }
  } finally {
    await file.close()
  }
  if (bytes > maxImageBytes) throw fileTooLarge(bytes, maxImageBytes)
  const sha256 = hash.digest('hex')
  return bytes > memory.length ? { sha256 } : { sha256, held: memory.subarray(0, bytes) }
}

const fileTooLarge = (size: number, maxImageBytes: number) =>
  imageTooLarge(`The image has ${size} bytes; at most ${maxImageBytes} are allowed.`)

async function writeHeld(path: string, held: Buffer, sha256: string): Promise<SpooledFile> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(held)
  } finally {
    await file.close()
  }
  return { path, sha256, size: held.length }
}

/** It may be another by now, so it is hashed as it is copied. */
async function copyAgain(
  copy: IncomingFile,
  path: Buffer,
  maxImageBytes: number,
): Promise<SpooledFile> {
  for await (const chunk of readChunks(path, maxImageBytes)) await copy.write(chunk)
  const image = await copy.finish()
  if (!image) throw new UnreadableFile('It has become empty while it was read.')
  return image
}

/** At most one byte more than is allowed, so that a file that grows is found too large. */
async function* readChunks(path: Buffer, maxImageBytes: number): AsyncGenerator<Buffer> {
  const stream = heard(createReadStream(path, { highWaterMark: READ_BYTES, end: maxImageBytes }))
  try {
    yield* stream
  } catch (error) {
    unreadable(error)
  }
}

function unreadable(error: unknown): never {
  throw new UnreadableFile(explainCauses(error), { cause: error })
}

async function isShown(db: Queries, sha256: string): Promise<boolean> {
  const item = await db
    .selectFrom('files')
    .innerJoin('media', 'media.file_id', 'files.id')
    .select('media.id')
    .where('sha256', '=', sha256)
    .limit(1)
    .executeTakeFirst()
  return item !== undefined
}

/** A command has time: what a client would be told to try again is tried again. */
async function addPatiently(
  add: (media: NewMedia) => Promise<void>,
  item: NewMedia,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await add(item)
      return
    } catch (error) {
      const busy = error instanceof AppError && error.code === 'service-busy'
      if (!busy || attempt === BUSY_ATTEMPTS) throw error
      await sleep(Number(error.headers['retry-after'] ?? 1) * 1000)
    }
  }
}

function judge(error: unknown): Outcome {
  if (error instanceof UnreadableFile) return { kind: 'failed', reason: error.message }
  if (error instanceof AppError && error.code === 'image-known') return { kind: 'known' }
  if (error instanceof AppError && error.code !== 'service-busy') {
    return { kind: 'refused', reason: error.detail ?? error.message }
  }
  // The operating system and the database give codes; they would not be kinder to the next file.
  if (error instanceof AppError || hasCode(error)) throw new LibraryFault(error)
  return { kind: 'failed', reason: explainCauses(error), isUnexplained: true }
}

const hasCode = (error: unknown): boolean =>
  error instanceof Error && ('code' in error || hasCode(error.cause))

/** "Storing originals/… failed. ENOSPC: no space left on device" */
function explainCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined
    ? error.message
    : `${error.message} ${explainCauses(error.cause)}`
}
