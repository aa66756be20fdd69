/** Vectors of 8-bit numbers, one after the other. */
export interface Vectors {
  dimensions: number
  numbers: Int8Array
}

export interface Nearest {
  /** Which vector. */
  index: number
  /** Square of the distance, in steps. */
  square: number
}

/** Vectors that are compared before other requests get a turn: some milliseconds. */
const AT_ONCE = 20_000

/**
 * The vectors nearest to one of them, itself included: the nearest first, of equal ones the newest. It compares with
 * each, so the time grows with their number: a third of a second for a million images. Others get a turn meanwhile.
 *
 * @param count of the vectors
 * @param most how many to return
 */
export async function findNearest(
  { dimensions, numbers }: Vectors,
  count: number,
  target: Int8Array,
  most: number,
): Promise<Nearest[]> {
  /** The nearest so far, and some more. Now and then the surplus is thrown away. */
  let kept: Nearest[] = []
  let farthest = Number.POSITIVE_INFINITY
  const drop = () => {
    kept.sort((a, b) => a.square - b.square || b.index - a.index)
    kept = kept.slice(0, most)
    if (kept.length === most) farthest = kept.at(-1)?.square ?? farthest
  }
  for (let start = 0; start < count; start += AT_ONCE) {
    const end = Math.min(start + AT_ONCE, count)
    for (let index = start; index < end; index++) {
      const from = index * dimensions
      let square = 0
      for (let place = 0; place < dimensions && square <= farthest; place++) {
        const difference = (numbers[from + place] ?? 0) - (target[place] ?? 0)
        square += difference * difference
      }
      if (square > farthest) continue
      kept.push({ index, square })
      if (kept.length >= 2 * most) drop()
    }
    await new Promise(setImmediate)
  }
  drop()
  return kept
}
