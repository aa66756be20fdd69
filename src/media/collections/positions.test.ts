import { describe, expect, it } from 'vitest'
import { POSITION_GAP, placeBetween } from './positions.ts'

describe('positions between neighbours', () => {
  it('have a gap between them at an end', () => {
    const first = placeBetween(undefined, undefined, 3) ?? []
    expect(first.map((position) => position - (first[0] ?? 0))).toEqual([
      0,
      POSITION_GAP,
      2 * POSITION_GAP,
    ])
    expect(placeBetween(10, undefined, 2)).toEqual([10 + POSITION_GAP, 10 + 2 * POSITION_GAP])
    const right = 5 * POSITION_GAP
    expect(placeBetween(undefined, right, 2)).toEqual([3 * POSITION_GAP, 4 * POSITION_GAP])
  })

  it('are spread evenly between two', () => {
    expect(placeBetween(0, 40, 3)).toEqual([10, 20, 30])
    expect(placeBetween(7, 11, 3)).toEqual([8, 9, 10])
    expect(placeBetween(7, 12, 3)).toEqual([8, 9, 10])
  })

  it('do not exist where there is no room', () => {
    expect(placeBetween(7, 8, 1)).toBe(undefined)
    expect(placeBetween(7, 11, 4)).toBe(undefined)
    expect(placeBetween(undefined, POSITION_GAP - 1, 1)).toBe(undefined)
    expect(placeBetween(undefined, POSITION_GAP, 1)).toEqual([0])
    const last = 2 ** 48 - 1 - POSITION_GAP
    expect(placeBetween(last, undefined, 1)).toEqual([2 ** 48 - 1])
    expect(placeBetween(last + 1, undefined, 1)).toBe(undefined)
  })

  it('ascend, and lie between their neighbours, whatever these are', () => {
    for (let distance = 1; distance < 60; distance += 1) {
      for (let count = 1; count < distance; count += 1) {
        const placed = [100, ...(placeBetween(100, 100 + distance, count) ?? []), 100 + distance]
        expect(placed).toHaveLength(count + 2)
        expect(placed).toEqual([...new Set(placed)].sort((a, b) => a - b))
      }
    }
  })
})
