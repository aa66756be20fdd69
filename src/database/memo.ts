import { createRecent } from '../base/recent.ts'
import type { Database } from './database.ts'

export interface Memo<Value> {
  /** Returns what is remembered for a key, or what `read` finds. Remembers that unless it is undefined. */
  read<Found extends Value | undefined>(
    key: string,
    read: () => Promise<Found>,
  ): Promise<Value | Found>
  /** Returns what is remembered for a key. Does not read the database. */
  recall(key: string): Value | undefined
}

/**
 * Remembers values that were read from the database. Forgets all of them as soon as any process has
 * committed anything. So a value is always what the database holds at that moment. Where the database cannot
 * tell that nothing has changed, remembers nothing.
 *
 * @param maxBytes of all entries, keys included; the oldest is dropped first
 * @param bytesOf estimates the size of a value
 */
export function createMemo<Value>(
  { changeToken }: Pick<Database, 'changeToken'>,
  maxBytes: number,
  bytesOf: (value: Value) => number,
): Memo<Value> {
  const known = createRecent<Value>(maxBytes)
  let state: number | undefined

  function recall(key: string): Value | undefined {
    const now = changeToken()
    if (now === undefined || now !== state) {
      known.clear()
      state = now
    }
    return known.peek(key)
  }

  return {
    recall,
    async read(key, read) {
      const remembered = recall(key)
      if (remembered !== undefined) return remembered
      const before = state
      const value = await read()
      // A value that was read during a commit may be of the state before or after it.
      const isSame = before !== undefined && before === state && before === changeToken()
      if (isSame && value !== undefined) known.set(key, value, bytesOf(value))
      return value
    },
  }
}
