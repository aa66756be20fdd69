import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { heard } from '../base/heard.ts'
import { UsageError } from '../base/usage-error.ts'
import type { Database } from '../database/database.ts'
import { ObjectMissing, type Storage } from '../storage/storage.ts'
import type { NamedObject, ObjectFault } from '../upkeep/inspect-object.ts'
import { enterKeys, findEntered } from './journal-rows.ts'

/** Objects on their way at once: enough to keep a disk or a network busy. */
const AT_ONCE = 16

/** A library's database and where its objects are. */
export interface House {
  database: Database
  storage: Storage
}

/**
 * Reads an object, whole, and compares it with what its row says.
 *
 * @param path of a new file for its bytes, if they are wanted; gone if something is wrong with them
 * @returns what is wrong with it, if anything
 * @throws what storage throws if it cannot be asked
 */
export async function readObject(
  storage: Storage,
  { key, size, sha256 }: NamedObject,
  path?: string,
): Promise<ObjectFault | undefined> {
  const hash = createHash('sha256')
  let received = 0
  const nowhere = () => heard(new Writable({ write: (_chunk, _encoding, done) => done() }))
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
    const output = path === undefined ? nowhere() : heard(createWriteStream(path, { mode: 0o600 }))
    await pipeline(read, output)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    if (path !== undefined) await rm(path, { force: true })
    return { kind: 'unreadable', fault: `cannot be read: ${error.message}` }
  }
  if (received === size && hash.digest('hex') === sha256) return undefined
  if (path !== undefined) await rm(path, { force: true })
  return { kind: 'damaged', fault: 'has other bytes than were stored' }
}

/** What a disk says of one file that it cannot read, while others may be sound. */
const OF_ONE_FILE = new Set(['EIO', 'EACCES', 'EPERM', 'EISDIR', 'ELOOP', 'EUCLEAN', 'EBADMSG'])

class Unreadable extends Error {}

/** Tells apart an object that cannot be read from storage that is away. */
function judge(error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && OF_ONE_FILE.has(String(cause.code))) {
      return new Unreadable(cause.message, { cause: error })
    }
  }
  return error
}

/** What fails here is the object's reading, and not what is done with it. */
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
 * Sees to it that storage has objects under just these keys. What an earlier attempt left is put
 * anew; what somebody else put there stays, and must be the same.
 *
 * @param provide gives the file of an object that is to be put; undefined passes it over
 * @returns how many were put
 * @throws UsageError if there is another object of one of the keys
 */
export async function storeObjects<Named extends NamedObject>(
  { database, storage }: House,
  objects: readonly Named[],
  provide: (object: Named) => Promise<string | undefined>,
): Promise<number> {
  const keys = objects.map(({ key }) => key)
  const entered = await findEntered(database.read, keys)
  const absent = new Set<Named>()
  await forEach(objects, async (object) => {
    if (entered.has(object.key) || (await storage.size(object.key)) === undefined) {
      absent.add(object)
      return
    }
    if (!(await readObject(storage, object))) return
    throw new UsageError(`The target's storage has another object ${object.key} already.`)
  })
  if (absent.size === 0) return 0

  // First the entries, as always, so that nothing that is put can be forgotten.
  const now = await database.now()
  await database.write((trx) =>
    enterKeys(
      trx,
      [...absent].map(({ key }) => key),
      now,
    ),
  )
  let stored = 0
  await forEach([...absent], async (object) => {
    const path = await provide(object)
    if (path === undefined) return
    // Also half of one, which only its key finds.
    if (entered.has(object.key)) await storage.remove([object.key])
    await storage.put(object.key, path)
    await rm(path, { force: true })
    stored += 1
  })
  return stored
}

/** Reads objects back, whole. @returns those that are not what their rows say */
export async function verifyObjects<Named extends NamedObject>(
  storage: Storage,
  objects: readonly Named[],
  signal: AbortSignal,
): Promise<{ object: Named; fault: ObjectFault }[]> {
  const faulty: { object: Named; fault: ObjectFault }[] = []
  await forEach(objects, async (object) => {
    signal.throwIfAborted()
    const fault = await readObject(storage, object)
    if (fault) faulty.push({ object, fault })
  })
  return faulty
}

/** Does work for several at once; after a failure no more is begun, and what runs is awaited. */
export async function forEach<T>(
  values: readonly T[],
  work: (value: T) => Promise<void>,
): Promise<void> {
  const queue = values.values()
  let failure: { error: unknown } | undefined
  const worker = async () => {
    for (const value of queue) {
      if (failure) return
      await work(value).catch((error) => {
        failure ??= { error }
      })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  if (failure) throw failure.error
}
