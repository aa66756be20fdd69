import type { Milliseconds } from '../../database/tables.ts'

const MINUTE_MS = 60_000
/** Different keys in a minute. For any further key, the function returns false. */
const MAX_KEYS = 1_000

/**
 * Returns a function that is true for the first use of a key in a minute. It limits what refused requests write,
 * so that an attacker cannot fill the audit trail or keep the database busy with them.
 */
export function createFirstOfMinute(): (key: string, now: Milliseconds) => boolean {
  let minute = 0
  let seen = new Set<string>()
  return (key, now) => {
    const current = Math.floor(now / MINUTE_MS)
    if (current !== minute) {
      minute = current
      seen = new Set()
    }
    if (seen.has(key) || seen.size >= MAX_KEYS) return false
    seen.add(key)
    return true
  }
}
