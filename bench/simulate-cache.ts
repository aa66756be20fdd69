/**
 * Computes which share of image requests a cache answers that holds the most recently requested images
 * (nginx, a CDN), if the nth most popular image is requested in proportion to n^-s.
 *
 * Small libraries are simulated. For large ones the share is computed with Che's approximation: an image is
 * in the cache if it was requested within a time T. T is the same for all images and is chosen so that the
 * expected number of cached images equals the size of the cache (https://doi.org/10.1109/JSAC.2002.801752).
 * The first run shows how well the two agree.
 */

import type { Figures } from './comparison.ts'
import { randomFrom } from './fill-photos.ts'

const EXPONENTS = [0.8, 1]
const SHARES = [0.001, 0.01, 0.1]
const LIBRARIES = [1e7, 1e9, 1e11]
const PLAYED = { images: 200_000, requests: 3_000_000 }

export async function* measure(): AsyncGenerator<Figures> {
  for (const exponent of EXPONENTS) {
    const { images } = PLAYED
    const figures: Record<string, number> = { images, exponent }
    for (const share of SHARES) {
      figures[`cache of ${100 * share} %: played (%)`] = percent(play(images, exponent, share))
      figures[`cache of ${100 * share} %: computed (%)`] = percent(compute(images, exponent, share))
    }
    yield figures
  }
  for (const images of LIBRARIES) {
    for (const exponent of EXPONENTS) {
      const figures: Record<string, number> = { images, exponent }
      for (const share of [0.0001, ...SHARES]) {
        figures[`cache of ${100 * share} %: computed (%)`] = percent(
          compute(images, exponent, share),
        )
      }
      yield figures
    }
  }
}

const percent = (share: number) => Math.round(1000 * share) / 10

/** Returns the hit rate of the second half of the requests. The first half fills the cache. */
function play(images: number, exponent: number, share: number): number {
  const random = randomFrom(11)
  const sums = new Float64Array(images)
  let sum = 0
  for (let rank = 0; rank < images; rank++) sums[rank] = sum += (rank + 1) ** -exponent
  const cache = new Set<number>()
  let hits = 0
  for (let request = 0; request < PLAYED.requests; request++) {
    const drawn = random() * sum
    let [low, high] = [0, images - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < drawn) low = middle + 1
      else high = middle
    }
    // A Set keeps the order of insertion, so its first member is the least recently requested one.
    if (cache.delete(low) && request >= PLAYED.requests / 2) hits++
    cache.add(low)
    if (cache.size > images * share) {
      const [oldest] = cache
      if (oldest !== undefined) cache.delete(oldest)
    }
  }
  return hits / (PLAYED.requests / 2)
}

interface Ranks {
  /** Number of images in this range of ranks. */
  count: number
  /** Relative frequency of requests for one of them. */
  rate: number
}

function compute(images: number, exponent: number, share: number): number {
  const stretches = divideRanks(images, exponent)
  const held = (time: number) =>
    stretches.reduce((sum, { count, rate }) => sum + count * -Math.expm1(-rate * time), 0)
  let [low, high] = [0, 1]
  while (held(high) < images * share) high *= 2
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (held(middle) < images * share) low = middle
    else high = middle
  }
  const asked = stretches.reduce((sum, { count, rate }) => sum + count * rate, 0)
  const hit = stretches.reduce(
    (sum, { count, rate }) => sum + count * rate * -Math.expm1(-rate * high),
    0,
  )
  return hit / asked
}

/** Divides ranks into ranges: the first ranks one by one, then ranges of a thousandth of the rank. */
function divideRanks(images: number, exponent: number): Ranks[] {
  const stretches: Ranks[] = []
  for (let first = 1; first <= images; ) {
    const count = Math.min(images - first + 1, Math.max(1, Math.floor(first / 1000)))
    stretches.push({ count, rate: (first + (count - 1) / 2) ** -exponent })
    first += count
  }
  return stretches
}
