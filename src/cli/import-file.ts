import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queries } from '../database/tables.ts'
import { AppError } from '../errors.ts'
import { createIncomingFile, imageTooLarge } from '../http/incoming-file.ts'
import { addMedia, type NewMedia } from '../media/add.ts'
import type { Library } from '../media/library.ts'
import type { FoundEntry } from './find-files.ts'
import { itemName, itemTags } from './import-names.ts'

const READ_BYTES = 1024 * 1024
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
 * Adds a file to the library, unless an item shows the same bytes. The file is read once to see
 * that; what is added is a copy, hashed as it is made, so that a file which changes meanwhile is
 * stored as it was read.
 *
 * @throws LibraryFault
 */
export async function importFile(
  library: Library,
  { path, folders, name, error }: FoundEntry,
  maxImageBytes: number,
): Promise<Outcome> {
  const copy = createIncomingFile(library.temporary.newFile, maxImageBytes)
  try {
    if (error) throw new UnreadableFile(error.message, { cause: error })
    if (await isShown(library.database.read, await hashFile(path, maxImageBytes))) {
      return { kind: 'known' }
    }
    for await (const chunk of readChunks(path, maxImageBytes)) await copy.write(chunk)
    const image = await copy.finish()
    if (!image) return { kind: 'refused', reason: 'The file is empty.' }
    const item = { name: itemName(name), tags: itemTags(folders), image, onlyNew: true }
    await addPatiently(library, item)
    return { kind: 'added' }
  } catch (error) {
    return judge(error)
  } finally {
    await copy.discard()
  }
}

async function hashFile(path: Buffer, maxImageBytes: number): Promise<string> {
  const { size } = await stat(path).catch(unreadable)
  if (size > maxImageBytes) {
    throw imageTooLarge(`The image has ${size} bytes; at most ${maxImageBytes} are allowed.`)
  }
  const hash = createHash('sha256')
  for await (const chunk of readChunks(path, maxImageBytes)) hash.update(chunk)
  return hash.digest('hex')
}

/** At most one byte more than is allowed, so that a file that grows is found too large. */
async function* readChunks(path: Buffer, maxImageBytes: number): AsyncGenerator<Buffer> {
  const stream = createReadStream(path, { highWaterMark: READ_BYTES, end: maxImageBytes })
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
async function addPatiently(library: Library, item: NewMedia): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await addMedia(library, item)
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
