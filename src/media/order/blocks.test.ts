import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareEntries,
  cutEntries,
  decodeBlock,
  encodeBlock,
  type KeyedId,
  keyAt,
  MAX_BLOCK_BYTES,
  mergeEntries,
  sizeOf,
  toEntries,
} from './blocks.ts'

const id = fc.integer({ min: 1, max: 2 ** 32 - 1 })
const key = fc.oneof(
  fc.uint8Array({ maxLength: 8 }),
  // Long common beginnings and long rests.
  fc
    .tuple(fc.constantFrom(14, 15, 16, 269, 270, 271, 600), fc.nat(1), fc.nat(400))
    .map(([common, byte, rest]) => new Uint8Array(common + rest).fill(byte, common)),
)
const entries = fc
  .array(fc.record({ key, id }), { maxLength: 60 })
  .map((list) =>
    list
      .sort(compareEntries)
      .filter((entry, index) => index === 0 || compareEntries(entry, list[index - 1] ?? entry) > 0),
  )

const toList = (stored: ReturnType<typeof encodeBlock>): KeyedId[] => {
  const decoded = decodeBlock(stored)
  return Array.from(decoded.ids, (id, index) => ({
    key: new Uint8Array(keyAt(decoded, index)),
    id,
  }))
}

describe('a block', () => {
  it('has what was put into it', () => {
    fc.assert(
      fc.property(entries, (list) => {
        fc.pre(list.length > 0)
        const stored = encodeBlock(toEntries(list))
        expect(toList(stored)).toEqual(list)
        // At any address, as drivers return bytes.
        const moved = Buffer.concat([Buffer.alloc(1), stored.ids]).subarray(1)
        expect(toList({ ids: moved, keys: stored.keys })).toEqual(list)
      }),
    )
  })

  it('has the form that is described', () => {
    const list = [
      { key: Buffer.from('ab'), id: 1 },
      { key: Buffer.from('abc'), id: 0x01020304 },
      { key: Buffer.from(`abc${'x'.repeat(17)}`), id: 2 },
    ]
    const { ids, keys } = encodeBlock(toEntries(list))
    expect([...ids]).toEqual([1, 0, 0, 0, 4, 3, 2, 1, 2, 0, 0, 0])
    expect(Buffer.from(keys).toString('latin1')).toBe(`\x02ab\x21c\x3f\x02${'x'.repeat(17)}`)
  })

  it.each([
    ['ids', { ids: new Uint8Array(3), keys: new Uint8Array(1) }],
    ['missing keys', { ids: new Uint8Array(8), keys: new Uint8Array(1) }],
    ['further keys', { ids: new Uint8Array(4), keys: new Uint8Array(2) }],
    ['a key that is cut off', { ids: new Uint8Array(4), keys: Uint8Array.of(3, 1) }],
    ['a beginning that is too long', { ids: new Uint8Array(8), keys: Uint8Array.of(1, 9, 0x20) }],
    ['a count without an end', { ids: new Uint8Array(4), keys: Uint8Array.of(0x0f, 255) }],
  ])('with damaged %s is refused', (_, damaged) => {
    expect(() => decodeBlock(damaged)).toThrow(RangeError)
  })

  it('takes and loses entries', () => {
    fc.assert(
      fc.property(entries, entries, fc.nat(), (list, others, seed) => {
        const changes = [...others, ...list.filter((_, index) => (index + seed) % 3 === 0)]
          .map((entry, index) => ({ ...entry, isNew: (index * 7 + seed) % 2 === 0 }))
          .sort(compareEntries)
          .filter((entry, index, all) => compareEntries(entry, all[index - 1] ?? NONE) !== 0)
        const kept = list.filter(
          (entry) => !changes.some((one) => compareEntries(one, entry) === 0),
        )
        const expected = [...kept, ...changes.filter(({ isNew }) => isNew)]
          .map(({ key, id }) => ({ key, id }))
          .sort(compareEntries)
        const { merged } = mergeEntries(toEntries(list), changes)
        expect(
          Array.from(merged.ids, (id, index) => ({
            key: new Uint8Array(keyAt(merged, index)),
            id,
          })),
        ).toEqual(expected)
      }),
    )
  })

  it.each([undefined, 0.9, 1])('is one of several pieces of many entries (%s)', (filling) => {
    const key = fc.uint8Array({ maxLength: 1024 })
    fc.assert(
      fc.property(fc.array(fc.record({ key, id }), { minLength: 1, maxLength: 80 }), (list) => {
        const sorted = toEntries(list.sort(compareEntries))
        const pieces = cutEntries(sorted, filling)
        let end = 0
        for (const [from, to] of pieces) {
          expect(from).toBe(end)
          expect(sizeOf(encodeBlock(sorted, from, to))).toBeLessThanOrEqual(MAX_BLOCK_BYTES)
          end = to
        }
        expect(end).toBe(list.length)
      }),
      { numRuns: 50 },
    )
  })
})

const NONE: KeyedId = { key: new Uint8Array(0), id: 0 }
