import type { Vectors } from './nearest.ts'

/*
 * Groups of vectors that lie near each other, without comparing each with each: locality-sensitive hashing (Datar,
 * Immorlica, Indyk, Mirrokni, "Locality-sensitive hashing scheme based on p-stable distributions", 2004). Near vectors
 * fall into the same cell of at least one of several grids of random projections. Only vectors in one cell are
 * compared. One in a hundred of the pairs at the largest distance is missed, more where many images are alike. Of
 * nearer pairs fewer are missed.
 */

const GRIDS = 12
/** Projections that make up the cell of a grid. */
const PROJECTIONS = 10
/** The width of a cell, in the largest distance of a pair. */
const WIDTH = 8
/**
 * Each vector of a cell is compared with this many others, so that a cell that holds much of the library does not take
 * long. These follow it in the order of one more projection.
 */
const MOST_COMPARED = 64

/** One number of 53 bits is sorted for each vector: the hash of its cell, its place in the cell, and its index. */
const HASH_BITS = 19
const PLACE_BITS = 12
const INDEX = 2 ** 22

/**
 * @param count of the vectors, below 2^22
 * @param most the largest distance of a pair, in steps
 * @returns the indices of each group, ascending. Two of a group may be farther apart if others lie between them
 */
export function findGroups(vectors: Vectors, count: number, most: number): Uint32Array[] {
  const parents = Uint32Array.from({ length: count }, (_, index) => index)
  const random = createRandom()
  /** See `HASH_BITS`: one sort brings each cell together. */
  const cells = new Float64Array(count)
  for (let grid = 0; grid < GRIDS; grid++) {
    fillCells(cells, vectors, most * WIDTH, random)
    cells.sort()
    for (let start = 0; start < count; start++) {
      const cell = cellOf(cells[start])
      const one = (cells[start] ?? 0) % INDEX
      const end = Math.min(start + MOST_COMPARED, count - 1)
      for (let next = start + 1; next <= end; next++) {
        if (cellOf(cells[next]) !== cell) break
        const other = (cells[next] ?? 0) % INDEX
        if (isNear(vectors, one, other, most * most)) unite(parents, one, other)
      }
    }
  }
  return collect(parents)
}

const cellOf = (number = 0) => Math.floor(number / (INDEX * 2 ** PLACE_BITS))

function fillCells(
  cells: Float64Array,
  { dimensions, numbers }: Vectors,
  width: number,
  random: () => number,
): void {
  const directions = Float32Array.from({ length: (PROJECTIONS + 1) * dimensions }, () =>
    normal(random),
  )
  const offsets = Float32Array.from({ length: PROJECTIONS }, () => random() * width)
  for (let index = 0; index < cells.length; index++) {
    let hash = 0
    let sum = 0
    for (let projection = 0; projection <= PROJECTIONS; projection++) {
      sum = offsets[projection] ?? 0
      for (let place = 0; place < dimensions; place++) {
        const number = numbers[index * dimensions + place] ?? 0
        sum += number * (directions[projection * dimensions + place] ?? 0)
      }
      if (projection === PROJECTIONS) break
      hash = Math.imul(hash ^ Math.floor(sum / width), 0x9e3779b1)
      hash ^= hash >>> 15
    }
    const half = 2 ** (PLACE_BITS - 1)
    const place = Math.max(0, Math.min(2 * half - 1, Math.round(sum) + half))
    cells[index] = ((hash >>> (32 - HASH_BITS)) * 2 ** PLACE_BITS + place) * INDEX + index
  }
}

function isNear(
  { dimensions, numbers }: Vectors,
  one: number,
  other: number,
  most: number,
): boolean {
  let square = 0
  for (let place = 0; place < dimensions; place++) {
    const difference =
      (numbers[one * dimensions + place] ?? 0) - (numbers[other * dimensions + place] ?? 0)
    square += difference * difference
    if (square > most) return false
  }
  return true
}

function rootOf(parents: Uint32Array, index: number): number {
  let root = index
  for (let parent = parents[root] ?? root; parent !== root; parent = parents[root] ?? root) {
    // Halves the path for later calls.
    parents[root] = parents[parent] ?? parent
    root = parent
  }
  return root
}

function unite(parents: Uint32Array, one: number, other: number): void {
  const [low, high] = [rootOf(parents, one), rootOf(parents, other)].sort((a, b) => a - b)
  if (low !== undefined && high !== undefined) parents[high] = low
}

function collect(parents: Uint32Array): Uint32Array[] {
  const groups = new Map<number, number[]>()
  for (let index = 0; index < parents.length; index++) {
    const root = rootOf(parents, index)
    if (root === index) continue
    const known = groups.get(root)
    if (known) known.push(index)
    else groups.set(root, [root, index])
  }
  return [...groups.values()].map((group) => Uint32Array.from(group))
}

/** Always the same numbers, so that the same library always has the same groups. mulberry32, by Tommy Ettinger. */
function createRandom(): () => number {
  let state = 1
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Normally distributed: Box and Muller. */
const normal = (random: () => number) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
