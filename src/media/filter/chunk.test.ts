import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeChunk } from './chunk.fixture.ts'
import { changeChunk, countChunk, encodeChunk } from './chunk.ts'

const offset = fc.integer({ min: 0, max: 4095 })

/** Sparse and dense sets, and those around the size at which the form changes. */
const offsets = fc.oneof(
  fc.uniqueArray(offset, { maxLength: 20 }),
  fc.uniqueArray(offset, { minLength: 250, maxLength: 260, size: 'max' }),
  fc.tuple(offset, offset).map(([start, length]) => range(start, Math.min(4096, start + length))),
)

const range = (start: number, end: number) =>
  Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index)

const sorted = (numbers: Iterable<number>) => [...new Set(numbers)].sort((a, b) => a - b)

describe('a chunk', () => {
  it('is a list of two bytes for each offset, the low byte first', () => {
    expect([...encodeChunk([258, 3, 4095])]).toEqual([3, 0, 2, 1, 255, 15])
    expect(encodeChunk([]).length).toBe(0)
  })

  it('is a bitmap from 256 ids on, the lowest bit first', () => {
    expect(encodeChunk(range(0, 255)).length).toBe(510)
    const bitmap = encodeChunk([...range(0, 255), 4093])
    expect(bitmap.length).toBe(512)
    expect([...bitmap.subarray(0, 31)]).toEqual(Array(31).fill(255))
    expect(bitmap[31]).toBe(0b0111_1111)
    expect(bitmap[511]).toBe(0b0010_0000)
  })

  it('holds what was put into it', () => {
    fc.assert(
      fc.property(offsets, (some) => {
        const bits = encodeChunk(some)
        expect(decodeChunk(bits)).toEqual(sorted(some))
        expect(countChunk(bits)).toBe(new Set(some).size)
      }),
    )
  })

  it('takes offsets that repeat', () => {
    expect(decodeChunk(encodeChunk([7, 5, 7]))).toEqual([5, 7])
  })

  it('changes as a set does, and has one form for each set', () => {
    fc.assert(
      fc.property(offsets, offsets, offsets, (before, add, remove) => {
        const after = new Set(before)
        for (const gone of remove) after.delete(gone)
        for (const added of add) after.add(added)
        expect(changeChunk(encodeChunk(before), add, remove)).toEqual(
          after.size === 0 ? undefined : encodeChunk(after),
        )
      }),
    )
  })

  it('begins with nothing and ends as undefined', () => {
    expect(changeChunk(undefined, [9], [])).toEqual(encodeChunk([9]))
    expect(changeChunk(encodeChunk([9, 4000]), [], [4000, 9, 1])).toBeUndefined()
    expect(changeChunk(undefined, [], [1])).toBeUndefined()
  })

  it('leaves the bytes that it was given as they are', () => {
    const bits = encodeChunk(range(0, 300))
    changeChunk(bits, [4000], range(0, 200))
    expect(bits).toEqual(encodeChunk(range(0, 300)))
  })

  it('may lie anywhere in a buffer', () => {
    for (const some of [range(100, 120), range(100, 1000)]) {
      const stored = encodeChunk(some)
      const odd = Buffer.concat([Buffer.from([1]), stored]).subarray(1)
      expect(decodeChunk(odd)).toEqual(some)
    }
  })

  it.each([-1, 4096, 1.5, Number.NaN])('has no offset %d', (wrong) => {
    expect(() => encodeChunk([wrong])).toThrow(RangeError)
    expect(() => changeChunk(undefined, [], [wrong])).toThrow(RangeError)
  })

  it.each([
    ['an odd length', Uint8Array.of(1, 0, 2)],
    ['more bytes than a bitmap', new Uint8Array(514)],
  ])('is refused with %s', (_, damaged) => {
    expect(() => decodeChunk(damaged)).toThrow(RangeError)
    expect(() => countChunk(damaged)).toThrow(RangeError)
  })

  it('is refused with an offset past its end', () => {
    expect(() => decodeChunk(Uint8Array.of(0, 16))).toThrow(RangeError)
  })
})
