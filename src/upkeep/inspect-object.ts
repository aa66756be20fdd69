import { createHash } from 'node:crypto'
import { ObjectMissing, type Storage } from '../storage/storage.ts'

/** What rows say of an object. */
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
 * What is wrong with an object, if anything.
 * @param quick only that it is there and its size, without reading it
 */
export async function inspectObject(
  storage: Storage,
  { key, size, sha256 }: NamedObject,
  quick: boolean,
): Promise<ObjectFault | undefined> {
  try {
    const found = await storage.size(key)
    if (found === undefined) throw new ObjectMissing(key)
    if (found !== size) {
      return { kind: 'damaged', fault: `has ${found} bytes instead of ${size}` }
    }
    if (quick || (await hashObject(storage, key)) === sha256) return undefined
    return { kind: 'damaged', fault: 'has other bytes than were stored' }
  } catch (error) {
    if (error instanceof ObjectMissing) {
      return { kind: 'missing', fault: 'is missing from storage' }
    }
    const reason = error instanceof Error ? error.message : String(error)
    return { kind: 'unreadable', fault: `cannot be read: ${reason}` }
  }
}

async function hashObject(storage: Storage, key: string): Promise<string> {
  const { stream } = await storage.open(key)
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}
