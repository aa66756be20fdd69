import type { Milliseconds } from '../../database/tables.ts'

const MINUTE_MS = 60_000
/** More than people who mistype; an attack from many addresses makes hundreds a second. */
const MOST = 100

/**
 * Bounds what failed sign-ins write to the audit trail, so that an attack from many addresses does not
 * fill the disk: of each minute's, so many are recorded one by one, and the rest as a number.
 */
export function createFailureRows() {
  let minute = 0
  let count = 0
  return {
    /** Counts one that failed. Whether it is recorded by itself. */
    isRecorded(): boolean {
      count += 1
      return count <= MOST
    },
    /** How many of an earlier minute were not recorded, which is told once. */
    takeRest(now: Milliseconds): number {
      const current = Math.floor(now / MINUTE_MS)
      if (current === minute) return 0
      const rest = Math.max(0, count - MOST)
      minute = current
      count = 0
      return rest
    },
  }
}
