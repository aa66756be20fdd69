import { describe, expect, it } from 'vitest'
import { readLocalTime, startOfDay } from './local-time.ts'

describe('a day', () => {
  it.each([
    [1970, 1, 1, 0],
    [2026, 3, 14, Date.UTC(2026, 2, 14)],
    [2024, 2, 29, Date.UTC(2024, 1, 29)],
    [99, 12, 31, Date.parse('0099-12-31')],
    [1, 1, 1, Date.parse('0001-01-01')],
    [9999, 12, 31, Date.parse('9999-12-31')],
  ])('%d-%d-%d starts at %d', (year, month, day, start) => {
    expect(startOfDay(year, month, day)).toBe(start)
  })

  it.each([
    [2026, 2, 29],
    [1900, 2, 29],
    [2026, 4, 31],
    [2026, 0, 1],
    [2026, 13, 1],
    [2026, 1, 0],
    [2026, 1, 32],
    [0, 1, 1],
    [10000, 1, 1],
  ])('%d-%d-%d does not exist', (year, month, day) => {
    expect(startOfDay(year, month, day)).toBeUndefined()
  })
})

describe('a local time', () => {
  it.each(['', 'Z', '+02:00', '-11:30'])('is read as it is written, with the zone "%s"', (zone) => {
    expect(readLocalTime(`2026-03-14T15:09:26${zone}`)).toBe(Date.UTC(2026, 2, 14, 15, 9, 26))
  })

  it.each([
    '',
    '2026-03-14',
    '2026-03-14 15:09:26',
    '2026-03-14T15:09',
    '2026-02-30T15:09:26',
    '0000-01-01T00:00:00',
    '2026-03-14T24:00:00',
    '2026-03-14T15:60:26',
    '2026-03-14T15:09:60',
    '2026-03-14T15:09:26+2:00',
    '2026-03-14T15:09:26.5',
    ' 2026-03-14T15:09:26',
    '2026-03-14T15:09:26Z\n',
    '٢٠٢٦-03-14T15:09:26',
  ])('is never %j', (text) => {
    expect(readLocalTime(text)).toBeUndefined()
  })
})
