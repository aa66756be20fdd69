import { createRecent } from '../base/recent.ts'
import type { Database } from './database.ts'

export interface Memo<Value> {
  /** What is known for a key, or what `read` finds; undefined is found, and not remembered. */
  read<Found extends Value | undefined>(
    key: string,
    read: () => Promise<Found>,
  ): Promise<Value | Found>
  /** What is known for a key, where nobody needs to be asked. */
  recall(key: string): Value | undefined
}

/**
 * Remembers what was read from the database, and forgets it all as soon as anybody, in this process
 * or another, has committed anything. So what it gives is always what the database says at that
 * moment. Where the database cannot tell that nothing has changed, it remembers nothing.
 *
 * @param maxBytes of all that is kept, keys included; the oldest goes first
 * @param bytesOf a value, about
 */
export function createMemo<Value>(
  { changes }: Pick<Database, 'changes'>,
  maxBytes: number,
  bytesOf: (value: Value) => number,
): Memo<Value> {
  const known = createRecent<Value>(maxBytes)
  let state: number | undefined

  function recall(key: string): Value | undefined {
    const now = changes()
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
      // What was read while somebody committed may be of either state.
      const isSame = before !== undefined && before === state && before === changes()
      if (isSame && value !== undefined) known.set(key, value, bytesOf(value))
      return value
    },
  }
}
