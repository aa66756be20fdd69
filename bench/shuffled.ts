import { randomFrom } from './fill-photos.ts'

/**
 * Different whole numbers under `end` in a random order; the same seed gives the same numbers.
 * @param most at most this many
 */
export function shuffled(end: number, most: number, seed: number): number[] {
  const random = randomFrom(seed)
  const drawn = new Set<number>()
  const count = Math.min(end, most)
  if (count > end / 2) {
    const all = Array.from({ length: end }, (_, index) => index)
    for (let last = end - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1))
      const [one = 0, two = 0] = [all[last], all[other]]
      all[last] = two
      all[other] = one
    }
    return all.slice(0, count)
  }
  while (drawn.size < count) drawn.add(Math.floor(random() * end))
  return [...drawn]
}
