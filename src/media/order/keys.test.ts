import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold } from '../../base/fold.ts'
import { readLocalTime } from '../local-time.ts'
import { compareKeys, nameKey, numberKey, takenKeyOf } from './keys.ts'

const sign = (number: number) => Math.sign(number)

/** Compares folded names in natural order, part by part, and then by leading zeros. */
function compareNaturally(one: string, other: string): number {
  const [left, right] = [splitName(one), splitName(other)]
  for (const [index, part] of left.entries()) {
    const against = right[index]
    if (against === undefined) return 1
    const isNumber = typeof part === 'bigint' && typeof against === 'bigint'
    const order = isNumber
      ? Number(part > against) - Number(part < against)
      : Buffer.compare(Buffer.from(firstOf(part)), Buffer.from(firstOf(against)))
    if (order !== 0) return order
  }
  if (left.length < right.length) return -1
  const zeros = (name: string) =>
    [...fold(name).matchAll(/[0-9]+/g)].map(([run]) => run.length - run.replace(/^0+/, '').length)
  const counts = zeros(other)
  for (const [index, count] of zeros(one).entries()) {
    if (count !== counts[index]) return count - (counts[index] ?? 0)
  }
  return 0
}

/** Single characters, and numbers for runs of digits. */
const splitName = (name: string) =>
  (fold(name).match(/[0-9]+|[^0-9]/gu) ?? []).map((part) =>
    /^[0-9]/.test(part) ? BigInt(part) : part,
  )

/** A number among other characters stands where a digit stands. */
const firstOf = (part: string | bigint) => (typeof part === 'bigint' ? '0' : part)

describe('the key of a name', () => {
  it('is in natural order', () => {
    const inOrder = [
      ' x',
      '-1',
      '0',
      '00',
      '1',
      '01',
      '1a',
      '2',
      '10',
      'a',
      'a b',
      'a-1',
      'a1',
      'a01',
      'a1b',
      'a01b',
      'a2',
      'a02',
      'a002',
      'a2b',
      'a10',
      'a10b2',
      'a10b10',
      'a18446744073709551616',
      'a18446744073709551617',
      'aa',
      'img2',
      'IMG10',
      'img_1',
      'zoo',
      'ø',
      'я',
      '写真2',
      '写真10',
      '\u{fffd}',
      '\u{1f332}',
    ]
    const shuffled = inOrder.toSorted()
    expect(shuffled).not.toEqual(inOrder)
    expect(shuffled.sort((a, b) => compareKeys(nameKey(a), nameKey(b)))).toEqual(inOrder)
  })

  it.each([
    ['IMG', 'img'],
    ['Élan', 'elan'],
    ['e\u0301lan', 'élan'],
    ['Straße', 'STRASSE'],
    ['ｉｍｇ１２', 'img12'],
    ['x²', 'x2'],
    ['⑩', '10'],
    ['sun\u200bset', 'sunset'],
  ])('is the same for %s and %s', (one, other) => {
    expect(nameKey(one)).toEqual(nameKey(other))
  })

  it('compares as the names do', () => {
    const part = fc.oneof(
      fc.constantFrom('a', 'b', 'A', 'é', ' ', '-', ':', '/', '￮', '🌲', '٣', '0', '00', '9'),
      fc.nat(120).map(String),
      fc.string({ unit: 'grapheme', maxLength: 3 }),
      fc.tuple(fc.nat(9), fc.nat(600)).map(([digit, length]) => String(digit).repeat(length)),
    )
    const name = fc
      .array(part, { maxLength: 4 })
      .map((parts) => parts.join('').replaceAll('\0', ''))
    // Pairs that begin alike decide the order late.
    const pair = fc
      .tuple(name, name, name)
      .map(([start, one, other]) => [start + one, start + other] as const)
      .filter((names) => names.every((some) => nameKey(some).length < 1024))
    fc.assert(
      fc.property(pair, ([one, other]) => {
        expect(sign(compareKeys(nameKey(one), nameKey(other)))).toBe(
          sign(compareNaturally(one, other)),
        )
      }),
      { numRuns: 3000 },
    )
  })

  it('takes numbers of any length', () => {
    const lengths = [1, 9, 254, 255, 256, 509, 510, 511, 800]
    const names = lengths.flatMap((length) => ['1', '9'].map((digit) => digit.repeat(length)))
    expect(names.toSorted((a, b) => compareKeys(nameKey(a), nameKey(b)))).toEqual(names)
  })

  it('is whole for 255 characters, and bounded for those that fold to more', () => {
    for (const name of ['🌲', '🌲0', '0🌲', '01', '9']) {
      const long = [...name.repeat(255)].slice(0, 254).join('')
      expect(nameKey(long).length).toBeLessThan(1024)
    }
    expect(nameKey('\ufdfa'.repeat(255)).length).toBe(1024)
  })
})

describe('the key of a number', () => {
  it('compares as the numbers do', () => {
    const number = fc.oneof(
      fc.integer({ min: 0, max: 2 ** 48 - 1 }),
      fc.nat(70_000),
      fc.constantFrom(0, 255, 256, 2 ** 32 - 1, 2 ** 32, 2 ** 48 - 1),
    )
    fc.assert(
      fc.property(number, number, (one, other) => {
        expect(compareKeys(numberKey(one), numberKey(other))).toBe(sign(one - other))
      }),
    )
  })

  it('has six bytes', () => {
    expect([...numberKey(0x010203040506)]).toEqual([1, 2, 3, 4, 5, 6])
  })

  it.each([-1, 0.5, 2 ** 48, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (number) => {
    expect(() => numberKey(number)).toThrow(RangeError)
  })
})

describe('the key of the time a picture was taken', () => {
  it('compares as the written times do, whatever the zone', () => {
    const time = fc
      .tuple(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        fc.constantFrom('', 'Z', '+14:00', '-11:00'),
      )
      .map(([date, zone]) => ({ local: date.toISOString().slice(0, 19), zone }))
    fc.assert(
      fc.property(time, time, (one, other) => {
        const [left, right] = [one, other].map(({ local, zone }) =>
          takenKeyOf(readLocalTime(local + zone) ?? Number.NaN),
        )
        const expected = one.local < other.local ? -1 : Number(one.local > other.local)
        expect(left && right && compareKeys(left, right)).toBe(expected)
      }),
    )
  })

  it('takes the first and the last second, and the bounds of a range', () => {
    expect(takenKeyOf(Date.parse('0001-01-01'))).toEqual(numberKey(0))
    expect(takenKeyOf(Date.UTC(10000, 0))).toEqual(
      numberKey((Date.UTC(10000, 0) - Date.parse('0001-01-01')) / 1000),
    )
  })

  it.each([Date.parse('0001-01-01') - 1000, 1, Number.NaN])('is none for %d', (time) => {
    expect(() => takenKeyOf(time)).toThrow(RangeError)
  })
})
