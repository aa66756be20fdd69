import type { ServerResponse } from 'node:http'

/** Most buffers kept for reuse. More are in use only while many large answers are sent at once. */
const MAX_SPARE = 16

/** The memory that holds whole answers until the clients have received them. */
export interface AnswerMemory {
  /** @returns whether there is room. If so, the bytes count until the answer ends, in success or failure. */
  hold(bytes: number, response: ServerResponse): boolean
  /**
   * Reads an answer into reused memory. Buffers lie outside of V8's heap. New memory for each answer makes V8
   * collect its whole heap every few dozen answers, and that takes several times as long as sending them.
   */
  reuse(read: (memory: Buffer) => Promise<Buffer>, response: ServerResponse): Promise<Buffer>
}

/**
 * @param maxBytes most bytes held at once
 * @param largest size of the largest answer passed to `reuse`, in bytes
 */
export function createAnswerMemory(maxBytes: number, largest: number): AnswerMemory {
  let held = 0
  const spare: Buffer[] = []
  return {
    hold(bytes, response) {
      // The response of a client that has left emits no further `close`.
      if (response.closed || held + bytes > maxBytes) return false
      held += bytes
      response.once('close', () => {
        held -= bytes
      })
      return true
    },
    async reuse(read, response) {
      // Pages that are never written to take no physical memory.
      const memory = spare.pop() ?? Buffer.allocUnsafeSlow(largest)
      const bytes = await read(memory)
      // A response is closed when the system has all its bytes, or when its connection is gone. If it was
      // closed before, or if reading failed, V8 frees the memory.
      response.once('close', () => {
        if (spare.length < MAX_SPARE) spare.push(memory)
      })
      return bytes
    },
  }
}
