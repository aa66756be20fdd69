import { parametersInvalid, quote } from '../../base/errors.ts'
import { startOfDay } from '../local-time.ts'

/**
 * Bounds in milliseconds since 1970: from `from` to `to`, without `to`. An open end is the start of the year 1 or
 * 10000, so both are always numbers.
 */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/**
 * Reads a date or a range of dates, both ends included: `2026`, `2026-03`, `2026-03-14`, `2025..2026-03`, `..2024`,
 * `2026-01..`. The dates are those of UTC. For local times, bounds and times are compared as if the times were UTC.
 *
 * @param name of the parameter, for the error
 * @throws AppError 400 "Invalid parameters" if it is anything else, a date that does not exist, or a range whose end
 *   comes before its start
 */
export function readDates(text: string, name: string): TimeRange {
  const ends = text.split('..')
  const [first = '', last = first] = ends
  if (ends.length > 2 || (first === '' && last === '')) throw noDate(text, name)
  const from = first === '' ? undefined : periodOf(first, text, name)
  const to = last === '' ? undefined : periodOf(last, text, name)
  if (from && to && from.from >= to.to) {
    throw parametersInvalid(
      `${name} is ${quote(text)}, which ends before it starts; it must be a range like 2025..2026-03.`,
    )
  }
  return { from: from?.from ?? FIRST, to: to?.to ?? END }
}

const FIRST = Date.parse('0001-01-01T00:00:00Z')
const END = Date.parse('+010000-01-01T00:00:00Z')
const DAY = 24 * 60 * 60 * 1000

/** The year, month or day of a date. `text` is the whole parameter. */
function periodOf(date: string, text: string, name: string): TimeRange {
  const match = DATE.exec(date)
  if (!match) throw noDate(text, name)
  const [year = 0, month, day] = match.slice(1).map((part) => part && Number(part))
  const from = startOfDay(Number(year), Number(month ?? 1), Number(day ?? 1))
  if (from === undefined) {
    throw parametersInvalid(
      `${name} is ${quote(text)}, but there is no date ${date}; it must be a real date, in a year from 0001 to 9999.`,
    )
  }
  if (day !== undefined) return { from, to: from + DAY }
  const end = new Date(from)
  if (month === undefined) end.setUTCFullYear(Number(year) + 1)
  else end.setUTCMonth(end.getUTCMonth() + 1)
  return { from, to: end.getTime() }
}

const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/

const noDate = (text: string, name: string) =>
  parametersInvalid(
    `${name} is ${quote(text)}; it must be a date like 2026, 2026-03 or 2026-03-14, or a range like 2025..2026-03, ` +
      '..2024 or "2026-01..".',
  )
