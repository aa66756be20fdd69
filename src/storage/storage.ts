import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'

/** What is kept: originals as they came in, and what was derived from them. */
export const KINDS = ['originals', 'variants'] as const
export type Kind = (typeof KINDS)[number]

/** A part of an object, counted from 0, both ends included; an end past the object's is cut to it. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * Where objects are kept. Every driver passes `storage-suite.ts`.
 *
 * An object is written once and never changed. A key that is not of the form that `newKey` gives is
 * refused by every method, so that nothing outside of what storage keeps can ever be named.
 */
export interface Storage {
  /**
   * Stores a copy of the file at `path`: complete and durable when this resolves, and not visible
   * at all when it rejects. Rejects if there is such an object already, or if this process is
   * putting one; not every driver can tell whether another process is, so a key is put by nobody but
   * who made it. Where storage is reached over a network that failed, a put that was rejected may
   * still become an object a little later: see `putsComeLate`.
   *
   * @param options.isSpent nobody will write to the file any more, and none but this account may read
   *   it: the object may then share its bytes. The file itself stays, for the caller to remove
   */
  put(key: string, path: string, options?: { isSpent?: boolean }): Promise<void>
  /**
   * The whole object or a part of it. The stream must be read to its end or destroyed.
   * @returns `size` is the whole object's, in bytes
   * @throws ObjectMissing; RangeError if the range starts past the object's end
   */
  open(key: string, range?: ByteRange): Promise<{ size: number; stream: Readable }>
  /**
   * The whole object in memory, for one that is known to be small: sending 8 kB this way takes half
   * the time of a stream.
   *
   * @param into memory that it may be read into, if it fits; what is returned may then be a part of it,
   *   which is good until the caller uses it again
   * @throws ObjectMissing
   */
  read(key: string, into?: Buffer): Promise<Buffer>
  /** Bytes, or undefined if there is no such object. */
  size(key: string): Promise<number | undefined>
  /**
   * Removes objects, and whatever an interrupted `put` left of them. Durable when it resolves; an
   * object that is not there counts as removed. Every key is tried, even if one of them fails.
   */
  remove(keys: readonly string[]): Promise<void>
  /**
   * Only where it is faster than `remove`, which must follow: the objects are gone for everybody when it
   * resolves, though a power cut may bring them back. Every key is tried, even if one of them fails.
   */
  unlink?(keys: readonly string[]): Promise<void>
  /**
   * Everything below `originals/` and `variants/`, in no order, while memory stays bounded; only for
   * looking after storage. Also what is no object: `key` is then no key (see `isKey`) but a name,
   * such as the object's key and `.part` for what an interrupted `put` left.
   */
  list(): AsyncIterable<{ key: string; size: number }>
  /**
   * Moves something that `list` named out of the way; no object is deleted or overwritten. What an
   * interrupted `put` left may be dropped, where nobody could ever read it.
   * @returns where it is now, for people to read
   */
  setAside(name: string): Promise<string>
  /**
   * Whether a put that was rejected may still become an object later: then what is removed has to be removed
   * once more after a while.
   */
  readonly putsComeLate?: boolean
  /** Rejects if storage cannot be read and written. */
  check(): Promise<void>
  /** How clients fetch objects from storage itself; only where it can, and was told to. */
  readonly redirect?: Redirect
}

export interface Redirect {
  /** The origin of all these addresses: `https://bucket.s3.example.com`. */
  readonly origin: string
  /** For how long an address is good, in seconds. */
  readonly seconds: number
  /** An address by which whoever has it gets the object, with these headers. */
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
 * A key that was never used before and that no client text can influence: 128 random bits, spread
 * over 4096 folders of each kind by their first three digits, `originals/3f2/<32 hex>.jpg`.
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

/** Whether a text may be what `list` gave: below one of the kinds, and nowhere else. */
export function isListed(name: string): boolean {
  const [kind, ...parts] = name.split('/')
  return (
    KINDS.some((known) => known === kind) &&
    parts.length > 0 &&
    parts.every((part) => !['', '.', '..'].includes(part) && !/[\0\\]/.test(part))
  )
}
