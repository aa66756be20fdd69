import { describe, expect, it } from 'vitest'
import { findGroups } from './near-groups.ts'
import { findNearest } from './nearest.ts'
import {
  COLOR_DIMENSIONS,
  IMAGE_DIMENSIONS,
  writeColorVector,
  writeImageVector,
} from './signature.ts'

/** Always the same numbers. */
function createNumbers() {
  let state = 7
  return (most: number) => {
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return (state >> 8) % most
  }
}

const DIMENSIONS = 17

/** Vectors far from each other, of which some have a neighbour. */
function makeVectors(count: number, pairs: number) {
  const number = createNumbers()
  const numbers = Int8Array.from({ length: count * DIMENSIONS }, () => number(200) - 100)
  for (let pair = 0; pair < pairs; pair++) {
    const [from, to] = [pair * DIMENSIONS, (count - 1 - pair) * DIMENSIONS]
    numbers.copyWithin(to, from, from + DIMENSIONS)
    const place = to + number(DIMENSIONS)
    numbers[place] = Math.max(-100, (numbers[place] ?? 0) - 3)
  }
  return { dimensions: DIMENSIONS, numbers }
}

describe('the nearest vectors', () => {
  it('are those that a comparison with each finds', async () => {
    const count = 30_000
    const vectors = makeVectors(count, 0)
    const { numbers } = vectors
    const target = numbers.slice(5 * DIMENSIONS, 6 * DIMENSIONS)
    const all = Array.from({ length: count }, (_, index) => ({
      index,
      square: target.reduce(
        (sum, value, place) => sum + (value - (numbers[index * DIMENSIONS + place] ?? 0)) ** 2,
        0,
      ),
    })).sort((a, b) => a.square - b.square || b.index - a.index)
    expect(await findNearest(vectors, count, target, 50)).toEqual(all.slice(0, 50))
    expect((await findNearest(vectors, 20, target, 50)).map(({ index }) => index)).toHaveLength(20)
    expect(await findNearest(vectors, 0, target, 5)).toEqual([])
  })
})

describe('groups of near vectors', () => {
  it('hold those that have a neighbour, and no others', () => {
    const count = 5000
    const groups = findGroups(makeVectors(count, 300), count, 5)
    const found = new Set(groups.map((group) => group.join(' ')))
    const wanted = Array.from({ length: 300 }, (_, pair) => `${pair} ${count - 1 - pair}`)
    expect(wanted.filter((pair) => !found.has(pair)).length).toBeLessThanOrEqual(3)
    expect([...found].filter((pair) => !wanted.includes(pair))).toEqual([])
  })

  it('hold all that are alike', () => {
    const vectors = { dimensions: DIMENSIONS, numbers: new Int8Array(500 * DIMENSIONS) }
    const groups = findGroups(vectors, 500, 5)
    expect(groups.map((group) => group.length)).toEqual([500])
    expect(findGroups(vectors, 0, 5)).toEqual([])
    expect(findGroups(vectors, 1, 5)).toEqual([])
  })
})

describe('a signature', () => {
  it('of a damaged thumbhash or colour is all zeros', () => {
    const image = new Int8Array(IMAGE_DIMENSIONS).fill(9)
    for (const text of ['', 'A', '!!']) {
      writeImageVector(text, 1, image)
      expect(image).toEqual(new Int8Array(IMAGE_DIMENSIONS))
    }
    const color = new Int8Array(COLOR_DIMENSIONS).fill(9)
    writeColorVector('red', color)
    expect(color).toEqual(new Int8Array(COLOR_DIMENSIONS))
  })

  it('of a colour is its place in OKLab', () => {
    const vector = (color: string) => {
      const into = new Int8Array(COLOR_DIMENSIONS)
      writeColorVector(color, into)
      return [...into]
    }
    expect(vector('#000000')).toEqual([0, 0, 0])
    expect(vector('#ffffff')).toEqual([100, 0, 0])
    // As CSS Color Module Level 4 has it.
    expect(vector('#ff0000')).toEqual([63, 22, 13])
  })
})
