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
import { readFileName } from '../../media/members.ts'
import type { FoundEntry } from './find-files.ts'
import { itemName, itemTags } from './import-names.ts'
import { readSidecar } from './read-sidecar.ts'

const READ_BYTES = 1024 * 1024
/** A file up to this size is read once and kept in memory. A larger file is read twice. */
const HELD_BYTES = 8 * READ_BYTES

/**
 * Allocates memory that is reused for one file after another. With new memory for each file, V8 would collect
 * its whole heap every few files, to free the memory outside of it.
 */
export const allocateFileMemory = (): Buffer => Buffer.allocUnsafeSlow(HELD_BYTES)
/** Most attempts to add to a busy library. The pause between them is its `Retry-After`. */
const BUSY_ATTEMPTS = 60

/**
 * The outcome for a file. `known`: an item already has the same bytes. `refused`: it is not an image that the
 * library accepts. `failed`: it could not be read, or another error occurred.
 */
export type ImportOutcome =
  | { kind: 'known' }
  /** `sidecarFault`: why its sidecar was not read. */
  | { kind: 'added'; sidecarFault?: string }
  | { kind: 'refused' | 'failed'; reason: string; isUnexplained?: boolean }

/** The library cannot store anything now. Other files need not be tried. */
export class LibraryFault extends Error {
  constructor(cause: unknown) {
    const reason = explainCauses(cause).replace(/\.?$/, '.')
    super(`The library cannot store images: ${reason}`, { cause })
    this.name = 'LibraryFault'
  }
}

/** The file could not be read. The fault is of the file or of its disk, not of the library. */
class UnreadableFile extends Error {}

/**
 * Adds a file to the library, unless an item outside of the trash already shows the same bytes. Adds a copy of the
 * bytes that were read, so that a file that changes meanwhile is stored as it was read. What its sidecar says goes before
 * what the file says. If the sidecar cannot be read, the file is added without it.
 *
 * @param add see `createAdder`
 * @param memory from `allocateFileMemory`; no other call may use it until this resolves
 * @throws LibraryFault
 */
export async function importFile(
  library: Library,
  add: (media: NewMedia) => Promise<unknown>,
  { path, folders, name, sidecar, error }: FoundEntry,
  { maxImageBytes, memory }: { maxImageBytes: number; memory: Buffer },
): Promise<ImportOutcome> {
  const heldPath = library.temporary.newFile()
  const copy = createIncomingFile(library.temporary.newFile, maxImageBytes)
  try {
    if (error) throw new UnreadableFile(error.message, { cause: error })
    const image = await readIfNew()
    if (image === undefined) return { kind: 'known' }
    if (image.size === 0) return { kind: 'refused', reason: 'The file is empty.' }
    const said = sidecar && (await readSidecar(library, sidecar, image.path))
    const item = {
      name: itemName(name),
      fileName: readFileName(name),
      tags: itemTags(folders),
      keywords: true,
      image,
      onlyNew: true,
      ...(said && 'said' in said && { sidecar: said.said }),
    }
    await addPatiently(add, item)
    return { kind: 'added', ...(said && 'fault' in said && { sidecarFault: said.fault }) }
  } catch (error) {
    return judge(error)
  } finally {
    // A failure here does not change the outcome. The files are removed with the folder of this process.
    await Promise.all([copy.discard(), rm(heldPath, { force: true })]).catch((error) => {
      library.log.warn({ err: error }, 'The temporary file of an import could not be removed')
    })
  }

  async function readIfNew(): Promise<SpooledFile | undefined> {
    const { sha256, held } = await readOnce(path, maxImageBytes, memory)
    if (await isShown(library.database.read, sha256)) return undefined
    return held ? writeHeld(heldPath, held, sha256) : copyAgain(copy, path, maxImageBytes)
  }
}

/** @returns the hash of a file and, unless it is large, its bytes as a part of `memory` */
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
      // A file larger than the memory overwrites its own beginning. It is only hashed.
      const at = bytes % memory.length
      // At most one byte more than the limit, so that a growing file is found to be too large.
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

/** Hashes the file again while copying it, because it may have changed since. */
async function copyAgain(
  copy: IncomingFile,
  path: Buffer,
  maxImageBytes: number,
): Promise<SpooledFile> {
  for await (const chunk of readChunks(path, maxImageBytes)) await copy.write(chunk)
  const image = await copy.finish()
  if (!image) throw new UnreadableFile('The file became empty while it was read.')
  return image
}

/** Reads at most one byte more than the limit, so that a growing file is found to be too large. */
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
    .where('media.trashed_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return item !== undefined
}

/** Tries again while the library is busy, because a command can wait. A client would get 503. */
export async function addPatiently<Added>(
  add: (media: NewMedia) => Promise<Added>,
  item: NewMedia,
): Promise<Added> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await add(item)
    } catch (error) {
      const busy = error instanceof AppError && error.code === 'service-busy'
      if (!busy || attempt === BUSY_ATTEMPTS) throw error
      await sleep(Number(error.headers['retry-after'] ?? 1) * 1000)
    }
  }
}

/**
 * What an error of adding a file means.
 * @throws LibraryFault
 */
export function judge(error: unknown): ImportOutcome {
  if (error instanceof UnreadableFile) return { kind: 'failed', reason: error.message }
  if (error instanceof AppError && error.code === 'image-known') return { kind: 'known' }
  if (error instanceof AppError && error.code !== 'service-busy') {
    return { kind: 'refused', reason: error.detail ?? error.message }
  }
  // Errors with a code come from the operating system or the database. The next file would fail too.
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
