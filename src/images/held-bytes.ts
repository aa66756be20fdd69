import type { ServerResponse } from 'node:http'

/** Counts the bytes of answers that stand in memory until their clients have taken them. */
export function createHeldBytes(maxBytes: number) {
  let held = 0
  return {
    /** @returns whether there is room; then they count until the answer has ended, however it did */
    hold(bytes: number, response: ServerResponse): boolean {
      if (held + bytes > maxBytes) return false
      held += bytes
      response.once('close', () => {
        held -= bytes
      })
      return true
    },
  }
}
