import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ChunkRow, chunkOf, encodeChunk, offsetOf } from './chunk.ts'
import {
  addRows,
  countIds,
  createLayout,
  fromIds,
  type IdLayout,
  type IdSet,
  idsBetween,
  intersect,
  listIds,
  pageOf,
  subtract,
  toIdSet,
  unite,
} from './id-set.ts'

/** The last is the largest possible chunk. Most chunks between them do not exist. */
const CHUNKS = [0, 1, 2, 7, 300, 2 ** 20 - 1]

const id = fc
  .tuple(fc.constantFrom(...CHUNKS), fc.oneof(fc.integer({ max: 70, min: 0 }), fc.nat(4095)))
  .map(([chunk, offset]) => chunk * 4096 + offset)

/** Runs of ids too, so that there are bitmaps and whole words. */
const ids = fc
  .tuple(fc.array(id, { maxLength: 60 }), fc.array(fc.tuple(id, fc.nat(600)), { maxLength: 3 }))
  .map(([single, runs]) => [
    ...single,
    ...runs.flatMap(([first, length]) =>
      Array.from({ length }, (_, index) => first + index).filter((one) => one < 2 ** 32),
    ),
  ])

const sorted = (numbers: Iterable<number>) => [...new Set(numbers)].sort((a, b) => a - b)

const rowsOf = (numbers: Iterable<number>): ChunkRow[] =>
  [...Map.groupBy(numbers, chunkOf)].map(([chunk, members]) => ({
    chunk,
    bits: encodeChunk(members.map(offsetOf)),
  }))

const whole = createLayout(rowsOf(CHUNKS.flatMap((chunk) => [chunk * 4096, chunk * 4096 + 4096])))
const listOf = (set: IdSet, layout: IdLayout = whole) => [...listIds(layout, set)]

describe('a layout', () => {
  it('has the chunks in ascending order, each once', () => {
    const { chunks, directory } = createLayout([9, 3, 9, 4].map((chunk) => ({ chunk })))
    expect([...chunks]).toEqual([3, 4, 9])
    expect([...directory]).toEqual([-1, -1, -1, 0, 1, -1, -1, -1, -1, 2])
  })

  it('may be empty', () => {
    const layout = createLayout([])
    const set = toIdSet(layout, rowsOf([1, 5000]))
    expect(countIds(set)).toBe(0)
    expect(listOf(set, layout)).toEqual([])
    expect(pageOf(layout, set, { descending: true, offset: 0, limit: 10 })).toEqual([])
    expect(listOf(idsBetween(layout, 0, Number.POSITIVE_INFINITY), layout)).toEqual([])
  })

  it.each([-1, 0.5, 2 ** 20, Number.NaN])('has no chunk %d', (chunk) => {
    expect(() => createLayout([{ chunk }])).toThrow(RangeError)
  })
})

describe('a set', () => {
  it('holds the ids of its rows', () => {
    fc.assert(
      fc.property(ids, (some) => {
        const set = toIdSet(whole, rowsOf(some))
        expect(listOf(set)).toEqual(sorted(some))
        expect(countIds(set)).toBe(new Set(some).size)
        expect(fromIds(whole, some)).toEqual(set)
      }),
    )
  })

  it('leaves out what is outside the layout', () => {
    fc.assert(
      fc.property(ids, fc.subarray(CHUNKS), (some, chunks) => {
        const layout = createLayout(chunks.map((chunk) => ({ chunk })))
        const inside = sorted(some).filter((one) => chunks.includes(chunkOf(one)))
        const set = toIdSet(layout, rowsOf(some))
        expect(listOf(set, layout)).toEqual(inside)
        expect(fromIds(layout, some)).toEqual(set)
      }),
    )
  })

  it.each([-1, 1.5, 2 ** 32, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER, Number.NaN])(
    'never holds %d',
    (wrong) => {
      expect(countIds(fromIds(whole, [wrong]))).toBe(0)
    },
  )

  it('is combined with another as sets are, in place', () => {
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        const [first, second] = [new Set(one), new Set(other)]
        for (const [combine, expected] of [
          [intersect, first.intersection(second)],
          [unite, first.union(second)],
          [subtract, first.difference(second)],
        ] as const) {
          const [set, by] = [fromIds(whole, one), fromIds(whole, other)]
          expect(combine(set, by)).toBe(set)
          expect(listOf(set)).toEqual(sorted(expected))
          expect(by).toEqual(fromIds(whole, other))
        }
        const set = fromIds(whole, one)
        expect(addRows(set, whole, rowsOf(other))).toBe(set)
        expect(listOf(set)).toEqual(sorted(first.union(second)))
      }),
    )
  })

  it('is not combined with one of another layout', () => {
    const set = fromIds(whole, [1])
    const other = fromIds(createLayout([{ chunk: 0 }]), [1])
    for (const combine of [intersect, unite, subtract]) {
      expect(() => combine(set, other)).toThrow(RangeError)
    }
  })
})

describe('a page', () => {
  it('is the same part of the ids as of an array', () => {
    const place = fc.oneof(fc.nat(40), fc.nat(2000))
    fc.assert(
      fc.property(ids, fc.boolean(), place, place, (some, descending, offset, limit) => {
        const all = sorted(some)
        if (descending) all.reverse()
        const set = fromIds(whole, some)
        expect(pageOf(whole, set, { descending, offset, limit })).toEqual(
          all.slice(offset, offset + limit),
        )
      }),
    )
  })

  it('may be all of them', () => {
    const set = fromIds(whole, [3, 2 ** 32 - 1, 4096])
    const all = { offset: 0, limit: Number.MAX_SAFE_INTEGER }
    expect(pageOf(whole, set, { ...all, descending: false })).toEqual([3, 4096, 2 ** 32 - 1])
    expect(pageOf(whole, set, { ...all, descending: true })).toEqual([2 ** 32 - 1, 4096, 3])
  })
})

describe('a range of ids', () => {
  it('holds its start and all before its end', () => {
    const end = fc.oneof(
      id,
      fc.double({ noNaN: true, min: -5, max: 9000 }),
      fc.constantFrom(-1, 2 ** 32, 2 ** 40, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    )
    fc.assert(
      fc.property(ids, end, end, (some, from, to) => {
        const set = intersect(fromIds(whole, some), idsBetween(whole, from, to))
        expect(listOf(set)).toEqual(sorted(some).filter((one) => one >= from && one < to))
      }),
      { numRuns: 500 },
    )
  })

  it('fills the chunks of the layout alone', () => {
    expect(countIds(idsBetween(whole, 0, Number.POSITIVE_INFINITY))).toBe(
      whole.chunks.length * 4096,
    )
    expect(listOf(idsBetween(whole, 4094, 4098))).toEqual([4094, 4095, 4096, 4097])
    expect(listOf(idsBetween(whole, 10, 10))).toEqual([])
  })
})
