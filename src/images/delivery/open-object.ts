import type { Readable } from 'node:stream'
import { AppError, mediaNotFound } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { readId } from '../../http/read-id.ts'
import { findNamedKeys } from '../../storage/named-keys.ts'
import {
  type ByteRange,
  ObjectMissing,
  type RedirectHeaders,
  type Storage,
} from '../../storage/storage.ts'

/** An image may load and run nothing, even when a browser opens it as a page. */
export const IMAGE_CSP = "default-src 'none'; sandbox"

/** Reads the whole object into memory. See `Storage.read` for `into`. */
export async function readBytes(
  storage: Storage,
  key: string,
  size: number,
  into?: Buffer,
): Promise<Buffer> {
  const bytes = await storage.read(key, into)
  requireSize(key, bytes.length, size)
  return bytes
}

/** Streams the bytes from storage. */
export async function openStream(
  storage: Storage,
  { key, size }: { key: string; size: number },
  range: ByteRange | undefined,
) {
  const object = await storage.open(key, range)
  if (object.size !== size) object.stream.destroy()
  requireSize(key, object.size, size)
  return object.stream
}

/**
 * Explains an `ObjectMissing`. If no row names the object any more, its item was deleted after its row was
 * read: that is no fault, and the error is "Media not found". If a row still names it, storage has lost it.
 */
export async function explainMissing<T extends Buffer | Readable>(
  database: Database,
  key: string,
  opening: T | Promise<T>,
): Promise<T> {
  try {
    return await opening
  } catch (error) {
    if (!(error instanceof ObjectMissing)) throw error
    if ((await findNamedKeys(database.read, [key])).length === 0) throw mediaNotFound()
    throw mediaDamaged(key, error)
  }
}

/**
 * Sends an object of an item. If that is gone because the item got another file meanwhile, or because a derived image
 * was removed to make room, sends what is there now.
 *
 * @param find finds the file at this moment, and the key of its object if it has one; undefined if there is none
 * @throws AppError 404 "Media not found"; the errors of `send`
 */
export async function sendPresent<File extends { fileId: number; key?: string | undefined }, Sent>(
  find: () => Promise<File | undefined>,
  send: (file: File) => Promise<Sent>,
): Promise<Sent> {
  let file = await find()
  for (;;) {
    if (!file) throw mediaNotFound()
    try {
      return await send(file)
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 404) throw error
      const now = await find()
      if (!now || (now.fileId === file.fileId && now.key === file.key)) throw error
      file = now
    }
  }
}

/**
 * For storage that sends objects itself. Caches may keep the address only if the answer is public and
 * immutable, and only for half the time that the address is valid. All other addresses are not stored.
 */
export function redirectTo({ redirect }: Storage, key: string, headers: RedirectHeaders) {
  if (!redirect) return undefined
  const { seconds } = redirect
  const isForEver = headers.cacheControl.endsWith('immutable')
  return async () => ({
    url: await redirect.addressOf(key, headers),
    cacheControl: isForEver ? `public, max-age=${Math.floor(seconds / 2)}` : 'no-store',
  })
}

/** Refuses an object of the wrong size, so that damaged bytes are not sent. */
function requireSize(key: string, found: number, expected: number) {
  if (found === expected) return
  throw mediaDamaged(key, new Error(`${key} has ${found} bytes instead of ${expected}.`))
}

/** The error for a missing or damaged object. A damaged object that was moved aside is missing too. */
function mediaDamaged(key: string, cause: Error) {
  const detail = key.startsWith('originals/')
    ? 'The original is missing from storage or damaged; a backup or an upload of the same image brings it back.'
    : 'This image is missing from storage or damaged; vitrine doctor --repair renders it anew.'
  return new AppError('media-damaged', 500, 'Error processing media', { detail, cause })
}

/** @throws AppError 404 unless the text has the form of an id */
export function readMediaId(text: string): number {
  const id = readId(text)
  if (id === undefined) throw mediaNotFound('An id is a whole number from 1 on.')
  return id
}
