import type { Readable } from 'node:stream'
import { AppError, mediaNotFound } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { ByteRange } from '../../http/answer/send-object.ts'
import { findNamedKeys } from '../../storage/named-keys.ts'
import { ObjectMissing, type RedirectHeaders, type Storage } from '../../storage/storage.ts'

/** Nothing in an image may do anything, whoever opens it where. */
export const IMAGE_CSP = "default-src 'none'; sandbox"

/** The whole object in memory; see `Storage` for `into`. */
export async function readObject(
  storage: Storage,
  key: string,
  size: number,
  into?: Buffer,
): Promise<Buffer> {
  const bytes = await storage.read(key, into)
  requireSize(key, bytes.length, size)
  return bytes
}

/** The bytes as they come from storage. */
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
 * An object that is gone because its item was deleted since its row was read is no fault: "Media not
 * found". One that a row still names is.
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
 * For storage that sends objects itself: the address is kept by nobody but the caches of an answer
 * that anybody may have for ever, and by those well short of the time for which it is good.
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

/** Bytes that were damaged in storage are not sent. */
function requireSize(key: string, found: number, expected: number) {
  if (found === expected) return
  throw mediaDamaged(key, new Error(`${key} has ${found} bytes instead of ${expected}.`))
}

/** Storage has lost an object or damaged it; so has what was moved aside because it is damaged. */
function mediaDamaged(key: string, cause: Error) {
  const detail = key.startsWith('originals/')
    ? 'The original is missing from storage or damaged; a backup or an upload of the same image brings it back.'
    : 'This image is missing from storage or damaged; vitrine doctor --repair renders it anew.'
  return new AppError('media-damaged', 500, 'Error processing media', { detail, cause })
}
