import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDates } from './dates.ts'

/** `2026-03-14T00:00:00.000Z` without what is always the same. */
const show = (time: number) => new Date(time).toISOString().replace('T00:00:00.000Z', '')

const START = '0001-01-01'
const END = '+010000-01-01'

describe('dates', () => {
  it.each([
    ['2026', '2026-01-01', '2027-01-01'],
    ['2026-03', '2026-03-01', '2026-04-01'],
    ['2026-12', '2026-12-01', '2027-01-01'],
    ['2024-02', '2024-02-01', '2024-03-01'],
    ['2026-03-14', '2026-03-14', '2026-03-15'],
    ['2026-12-31', '2026-12-31', '2027-01-01'],
    ['2024-02-29', '2024-02-29', '2024-03-01'],
    ['2025..2026-03', '2025-01-01', '2026-04-01'],
    ['2025-06-30..2025-07', '2025-06-30', '2025-08-01'],
    ['2025..2025', '2025-01-01', '2026-01-01'],
    ['2026-03-14..2026', '2026-03-14', '2027-01-01'],
    ['2026..2026-03', '2026-01-01', '2026-04-01'],
    ['2026-03-14..2026-03', '2026-03-14', '2026-04-01'],
    ['..2024', START, '2025-01-01'],
    ['2026-01..', '2026-01-01', END],
    ['0001', START, '0002-01-01'],
    ['0099-12', '0099-12-01', '0100-01-01'],
    ['9999', '9999-01-01', END],
    ['9999-12-31', '9999-12-31', END],
  ])('%s are from %s to %s', (text, from, to) => {
    const range = readDates(text, 'added')
    expect([show(range.from), show(range.to)]).toEqual([from, to])
  })

  it('hold every moment of their days, and no other', () => {
    const day = fc
      .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10))
    const length = fc.constantFrom(4, 7, 10)
    fc.assert(
      fc.property(day, day, length, length, day, (one, other, first, second, when) => {
        const [start = '', end = ''] = [one, other].sort()
        const { from, to } = readDates(`${start.slice(0, first)}..${end.slice(0, second)}`, 'taken')
        const expected =
          when.slice(0, first) >= start.slice(0, first) &&
          when.slice(0, second) <= end.slice(0, second)
        for (const time of ['T00:00:00.000Z', 'T23:59:59.999Z']) {
          const moment = Date.parse(when + time)
          expect(moment >= from && moment < to).toBe(expected)
        }
      }),
    )
  })

  it.each([
    ['..', 'must be a date'],
    ['...', 'must be a date'],
    ['2025..2026..2027', 'must be a date'],
    ['2025...2026', 'must be a date'],
    ['26', 'must be a date'],
    ['2026-3', 'must be a date'],
    ['2026-03-1', 'must be a date'],
    ['2026-03-14T10:00:00', 'must be a date'],
    ['2026 ', 'must be a date'],
    ['2026 .. 2027', 'must be a date'],
    ['-2026', 'must be a date'],
    ['yesterday', 'must be a date'],
    ['２０２６', 'must be a date'],
    ['0000', 'there is no date 0000'],
    ['2026-00', 'there is no date 2026-00'],
    ['2026-13', 'there is no date 2026-13'],
    ['2025..2026-02-29', 'there is no date 2026-02-29'],
    ['2026-04-31..', 'there is no date 2026-04-31'],
    ['2026..2025', 'ends before it starts'],
    ['2026-03-14..2026-03-13', 'ends before it starts'],
    ['2026-03..2026-02-28', 'ends before it starts'],
  ])('are refused as %j: %s', (text, reason) => {
    try {
      readDates(text, 'added')
    } catch (error) {
      expect(error).toMatchObject({
        status: 400,
        message: 'Invalid parameters',
        detail: expect.stringContaining(`added is ${JSON.stringify(text)}`),
      })
      expect(error).toMatchObject({ detail: expect.stringContaining(reason) })
      return
    }
    expect.unreachable()
  })
})
