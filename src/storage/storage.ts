import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'

/** Kinds of objects: originals as uploaded, and the images derived from them. */
export const KINDS = ['originals', 'variants'] as const
export type Kind = (typeof KINDS)[number]

/** A part of an object. Offsets start at 0 and are inclusive. An `end` past the object's end is clamped. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * The place of all objects. Every driver passes `storage-suite.ts`.
 *
 * An object is written once and never changed. Every method refuses a key that does not have the form of
 * `newKey`, so that a key can never name a file outside of storage.
 */
export interface Storage {
  /**
   * Stores a copy of the file at `path`. The object is complete and durable when this resolves, and not
   * visible when it rejects. Rejects if the object exists already, or if this process is putting it. Not
   * every driver can detect a put by another process, so only the process that made a key may put it. After a
   * network failure, a rejected put may still become an object a little later: see `putsComeLate`.
   *
   * @param options.isSpent true if the file will not be written to any more, and only this account may read
   *   it. Then the object may share its bytes. The file stays, and the caller must remove it
   */
  put(key: string, path: string, options?: { isSpent?: boolean }): Promise<void>
  /**
   * Opens the whole object or a part of it. The caller must read the stream to its end or destroy it.
   * @returns `size` is the size of the whole object, in bytes
   * @throws ObjectMissing; RangeError if the range starts past the object's end
   */
  open(key: string, range?: ByteRange): Promise<{ size: number; stream: Readable }>
  /**
   * Reads the whole object into memory, for objects known to be small: sending 8 kB this way takes half the
   * time of a stream.
   *
   * @param into memory that the driver may read into, if the object fits. Then the result may be a part of
   *   this memory, and is valid until the caller reuses it
   * @throws ObjectMissing
   */
  read(key: string, into?: Buffer): Promise<Buffer>
  /**
   * Gives the whole object a second, temporary path without copying its bytes where it can; only where a driver has
   * one. Nobody may write to that file: its bytes may be those of the object. It outlives a removal of the object. See `lendObject`.
   * @throws ObjectMissing; an error if the path exists
   */
  lendTo?(key: string, path: string): Promise<void>
  /** Size in bytes, or undefined if the object does not exist. */
  size(key: string): Promise<number | undefined>
  /**
   * Removes objects, and the remains of an interrupted `put`. Durable when it resolves. A missing object
   * counts as removed. Every key is tried, even if one of them fails.
   */
  remove(keys: readonly string[]): Promise<void>
  /**
   * A faster removal that is not durable; only where a driver has one. When it resolves, the objects are gone
   * for every reader, but a power cut may bring them back. So `remove` must follow. Every key is tried, even
   * if one of them fails.
   */
  unlink?(keys: readonly string[]): Promise<void>
  /**
   * Lists everything below `originals/` and `variants/`, in no order and with bounded memory. For maintenance
   * only. The list includes names that are not keys (see `isKey`): foreign files, and `<key>.part` for the
   * remains of an interrupted `put`.
   */
  list(): AsyncIterable<{ key: string; size: number }>
  /**
   * Moves an entry of `list` out of the way. No object is deleted or overwritten. The remains of an
   * interrupted `put` may be dropped if they could never be read.
   * @returns the new place, as text for a person
   */
  setAside(name: string): Promise<string>
  /**
   * True if a rejected put may still become an object later. The caller must then remove the object again
   * after a while.
   */
  readonly putsComeLate?: boolean
  /** Rejects if storage cannot be read and written. */
  check(): Promise<void>
  /** Lets clients fetch objects directly. Only if the driver supports it and the settings ask for it. */
  readonly redirect?: Redirect
}

export interface Redirect {
  /** The origin of all these addresses: `https://bucket.s3.example.com`. */
  readonly origin: string
  /** How long an address is valid, in seconds. */
  readonly seconds: number
  /** Makes an address. Everybody who has it can fetch the object, with these headers. */
  addressOf(key: string, headers: RedirectHeaders): Promise<string>
}

export interface RedirectHeaders {
  type: string
  cacheControl: string
  disposition?: string | undefined
}

/** There is no object of this key. */
export class ObjectMissing extends Error {
  readonly key: string

  constructor(key: string, options?: ErrorOptions) {
    super(`There is no object ${key}.`, options)
    this.name = 'ObjectMissing'
    this.key = key
  }
}

/**
 * Makes a key that was never used before and that contains no text of a client: `originals/3f2/<32 hex>.jpg`.
 * It has 128 random bits. Their first three digits spread the objects over 4096 folders of each kind.
 *
 * @param extension lower-case letters and digits, without the dot
 */
export function newKey(kind: Kind, extension: string): string {
  const name = randomBytes(16).toString('hex')
  const key = `${kind}/${name.slice(0, 3)}/${name}.${extension}`
  checkKey(key)
  return key
}

const KEY = new RegExp(`^(?:${KINDS.join('|')})/([0-9a-f]{3})/\\1[0-9a-f]{29}\\.[a-z0-9]{1,8}$`)

/** Whether a text has the form of a key. */
export const isKey = (text: string): boolean => KEY.test(text)

/** @throws Error unless the text has the form of a key */
export function checkKey(key: string): void {
  if (!isKey(key)) throw new Error(`${JSON.stringify(key)} is no storage key.`)
}

/** Whether `list` can have returned a text: it must lie below one of the kinds. */
export function isListed(name: string): boolean {
  const [kind, ...parts] = name.split('/')
  return (
    KINDS.some((known) => known === kind) &&
    parts.length > 0 &&
    parts.every((part) => !['', '.', '..'].includes(part) && !/[\0\\]/.test(part))
  )
}
