/*
 * Local dates and times as cameras write them, in the proleptic Gregorian calendar. They are counted in milliseconds
 * since 1970 as if they were UTC, so that they can be compared as they are written.
 */

/**
 * @param month from 1 to 12
 * @returns the start of the day, in milliseconds since 1970 as if in UTC; undefined if there is no such date. Years are
 *   from 1 to 9999.
 */
export function startOfDay(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  // Unlike Date.UTC, it takes the years 1 to 99 as they are.
  date.setUTCFullYear(year, month - 1, day)
  const exists =
    year >= 1 && year <= 9999 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return exists ? date.getTime() : undefined
}

/**
 * Reads a local time: `YYYY-MM-DDTHH:mm:ss`, perhaps with a zone behind it, `Z` or `+02:00`. The zone changes nothing.
 * @returns milliseconds since 1970 as if the time were UTC; undefined for any other text, and for a date or time that
 *   does not exist
 */
export function readLocalTime(text: string): number | undefined {
  const match = LOCAL_TIME.exec(text)
  if (!match) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map(Number)
  const start = startOfDay(year, month, day)
  if (start === undefined || hour > 23 || minute > 59 || second > 59) return undefined
  return start + ((hour * 60 + minute) * 60 + second) * 1000
}

const LOCAL_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:Z|[+-]\d\d:\d\d)?$/
