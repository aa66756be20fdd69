import type { Milliseconds } from '../../database/tables.ts'

const MINUTE_MS = 60_000
/** Of different keys within a minute; whatever comes then is left out. */
const MOST = 1_000

/**
 * Tells whether something is the first of its kind within a minute: so that nobody can fill the audit
 * trail, or keep the database writing, with requests that are refused.
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
    if (seen.has(key) || seen.size >= MOST) return false
    seen.add(key)
    return true
  }
}
