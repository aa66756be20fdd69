import type { Database } from './database.ts'

/** Reads through the memory: what is known for a key, or what `read` finds. */
export type Memo<Value> = (key: string, read: () => Promise<Value>) => Promise<Value>

/**
 * Remembers what was read from the database, and forgets it all as soon as anybody, in this process
 * or another, has committed anything. So what it gives is always what the database says at that
 * moment. Where the database cannot tell that nothing has changed, it remembers nothing.
 *
 * @param max values that are kept; the oldest goes first
 */
export function createMemo<Value>(
  { changes }: Pick<Database, 'changes'>,
  max: number,
): Memo<Value> {
  const known = new Map<string, Value>()
  let state: number | undefined

  return async (key, read) => {
    const before = changes()
    if (before === undefined || before !== state) {
      known.clear()
      state = before
    }
    const remembered = known.get(key)
    if (remembered !== undefined) return remembered
    const value = await read()
    // What was read while somebody committed may be of either state.
    if (before !== undefined && before === state && before === changes()) {
      known.set(key, value)
      const [oldest] = known.keys()
      if (known.size > max && oldest !== undefined) known.delete(oldest)
    }
    return value
  }
}
