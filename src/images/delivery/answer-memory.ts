import type { ServerResponse } from 'node:http'

/** Buffers that are kept to be used again: more are in use only while many large answers go out at once. */
const MAX_SPARE = 16

/** The memory in which whole answers stand until their clients have taken them. */
export interface AnswerMemory {
  /** @returns whether there is room; then they count until the answer has ended, however it did */
  hold(bytes: number, response: ServerResponse): boolean
  /**
   * Has an answer read into memory that was used before and will be used again: it lies outside of V8's
   * heap, and new memory for each answer makes V8 collect all of its heap every few dozen of them, which
   * takes several times as long as sending them.
   */
  reuse(read: (memory: Buffer) => Promise<Buffer>, response: ServerResponse): Promise<Buffer>
}

/**
 * @param maxBytes that are held at once
 * @param largest answer that `reuse` is used for, in bytes
 */
export function createAnswerMemory(maxBytes: number, largest: number): AnswerMemory {
  let held = 0
  const spare: Buffer[] = []
  return {
    hold(bytes, response) {
      // Of a client that has left nothing more would be heard.
      if (response.closed || held + bytes > maxBytes) return false
      held += bytes
      response.once('close', () => {
        held -= bytes
      })
      return true
    },
    async reuse(read, response) {
      // What of it is never written to takes no memory.
      const memory = spare.pop() ?? Buffer.allocUnsafeSlow(largest)
      const bytes = await read(memory)
      // Closed is an answer whose bytes the system has, or whose connection is gone. One that was closed
      // before, or could not be read, leaves its memory to V8.
      response.once('close', () => {
        if (spare.length < MAX_SPARE) spare.push(memory)
      })
      return bytes
    },
  }
}
