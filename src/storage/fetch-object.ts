import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { heard } from '../base/heard.ts'
import { ObjectMissing, type Storage } from './storage.ts'

/** The columns of a row that describe its object. */
export interface NamedObject {
  key: string
  size: number
  /** hex */
  sha256: string
}

export interface ObjectFault {
  kind: 'missing' | 'damaged' | 'unreadable'
  /** Completes "The original …". */
  fault: string
}

/**
 * Reads a whole object and compares it with its row.
 *
 * @param take receives the bytes; without it they are only compared
 * @returns the fault of the object, if it has one
 * @throws the errors of `take`, and the error of a storage that cannot be reached
 */
export async function fetchObject(
  storage: Storage,
  { key, size, sha256 }: NamedObject,
  take: (chunks: AsyncIterable<Buffer>) => Promise<void> = drain,
): Promise<ObjectFault | undefined> {
  const hash = createHash('sha256')
  let received = 0
  try {
    const stream = await openIfThere(storage, key)
    if (!stream) return { kind: 'missing', fault: 'is missing from storage' }
    const read = async function* () {
      for await (const chunk of readChunks(stream)) {
        hash.update(chunk)
        received += chunk.length
        yield chunk
      }
    }
    await take(read())
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return { kind: 'unreadable', fault: `cannot be read: ${error.message}` }
  }
  if (received === size && hash.digest('hex') === sha256) return undefined
  return received === size
    ? { kind: 'damaged', fault: 'has other bytes than were stored' }
    : { kind: 'damaged', fault: `has ${received} bytes instead of ${size}` }
}

async function drain(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of chunks);
}

/**
 * Makes an object readable under a path of its own, for a process that has no storage. The file may not be written to.
 * The bytes are not compared.
 * @throws ObjectMissing; the signal's reason when aborted
 */
export async function lendObject(
  storage: Storage,
  key: string,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  if (storage.lendTo) {
    await storage.lendTo(key, path)
    signal?.throwIfAborted()
    return
  }
  const { stream } = await storage.open(key)
  await pipeline(stream, heard(createWriteStream(path, { mode: 0o600 })), {
    ...(signal && { signal }),
  })
}

/** Like `fetchObject`, but into a new file. The file is removed if the object has a fault. */
export async function fetchToFile(
  storage: Storage,
  object: NamedObject,
  path: string,
): Promise<ObjectFault | undefined> {
  const fault = await fetchObject(storage, object, (chunks) =>
    pipeline(chunks, heard(createWriteStream(path, { mode: 0o600 }))),
  )
  if (fault) await rm(path, { force: true })
  return fault
}

/** Like `fetchObject`, but into memory. For objects that are small according to their rows. */
export async function fetchToMemory(
  storage: Storage,
  object: NamedObject,
): Promise<Buffer | ObjectFault> {
  const kept: Buffer[] = []
  let bytes = 0
  const fault = await fetchObject(storage, object, async (chunks) => {
    for await (const chunk of chunks) {
      bytes += chunk.length
      // A damaged object may be of any size.
      if (bytes <= object.size) kept.push(chunk)
    }
  })
  return fault ?? Buffer.concat(kept)
}

/** Codes of errors that concern a single file. Other files may still be readable. */
const OF_ONE_FILE = new Set(['EIO', 'EACCES', 'EPERM', 'EISDIR', 'ELOOP', 'EUCLEAN', 'EBADMSG'])

class Unreadable extends Error {}

/** Distinguishes an object that cannot be read from a storage that cannot be reached. */
function judge(error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && OF_ONE_FILE.has(String(cause.code))) {
      return new Unreadable(cause.message, { cause: error })
    }
  }
  return error
}

/** Marks errors of reading the object, so that they differ from errors of `take`. */
async function* readChunks(stream: Readable): AsyncGenerator<Buffer> {
  try {
    yield* stream
  } catch (error) {
    throw judge(error)
  }
}

async function openIfThere(storage: Storage, key: string): Promise<Readable | undefined> {
  try {
    return (await storage.open(key)).stream
  } catch (error) {
    if (error instanceof ObjectMissing) return undefined
    throw judge(error)
  }
}

/**
 * Finds the fault of an object, if it has one. An error of storage counts as a fault of the object.
 * @param quick compares only the size, without reading the object
 */
export async function inspectObject(
  storage: Storage,
  object: NamedObject,
  quick: boolean,
): Promise<ObjectFault | undefined> {
  try {
    if (!quick) return await fetchObject(storage, object)
    const found = await storage.size(object.key)
    if (found === undefined) return { kind: 'missing', fault: 'is missing from storage' }
    if (found === object.size) return undefined
    return { kind: 'damaged', fault: `has ${found} bytes instead of ${object.size}` }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { kind: 'unreadable', fault: `cannot be read: ${reason}` }
  }
}
