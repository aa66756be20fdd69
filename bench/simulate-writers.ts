/**
 * Simulates how long writers wait for the one lock, by load: a queue with one server, with the lock times
 * of the latest `scale` run. Arrivals are random (Poisson), and the lock is granted in the order of
 * arrival.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Figures } from './comparison.ts'
import { randomFrom } from './fill-photos.ts'

const WRITES = 400_000
const LOADS = [0.2, 0.5, 0.7, 0.8, 0.9, 0.95]
/**
 * A writer that gets no connection within this time is answered with `503`; see src/database/postgres.ts.
 */
const PATIENCE_MS = 5_000

export async function* measure(): AsyncGenerator<Figures> {
  const { runs } = JSON.parse(
    readFileSync(join(import.meta.dirname, 'results/scale.json'), 'utf8'),
  ) as { runs: Figures[] }
  for (const figures of runs) {
    for (const kind of ['add', 'edit']) {
      const text = String(figures[`lock held by an ${kind}, each twentieth (ms)`])
      yield { engine: figures.engine ?? '', of: kind, ...simulate(text.split(' ').map(Number)) }
    }
  }
}

/** @param times milliseconds for which the lock is held: equally spaced quantiles, ascending */
export function simulate(times: readonly number[]): Record<string, number> {
  const random = randomFrom(5)
  const hold = () => {
    const place = random() * (times.length - 1)
    const [low = 0, high = low] = times.slice(Math.floor(place), Math.floor(place) + 2)
    return low + (high - low) * (place % 1)
  }
  const mean = Array.from({ length: 100_000 }, hold).reduce((sum, time) => sum + time, 0) / 100_000
  const figures: Record<string, number> = { 'writes a second, at most': Math.round(1000 / mean) }
  for (const load of [...LOADS, 1.05]) {
    const waits: number[] = []
    let [now, free] = [0, 0]
    for (let write = 0; write < WRITES; write++) {
      // The intervals of random arrivals are exponentially distributed.
      now += (-Math.log(1 - random()) * mean) / load
      const wait = Math.max(0, free - now)
      if (wait > PATIENCE_MS) {
        waits.push(Number.POSITIVE_INFINITY)
        continue
      }
      waits.push(wait)
      free = Math.max(free, now) + hold()
    }
    const sorted = waits.toSorted((a, b) => a - b)
    const at = (share: number) => Math.round(10 * (sorted[Math.floor(share * WRITES)] ?? 0)) / 10
    const what = `at ${Math.round(100 * load)} % of that`
    if (load < 1) {
      figures[`${what}: waits, median (ms)`] = at(0.5)
      figures[`${what}: waits, 99th percentile (ms)`] = at(0.99)
    } else {
      const refused = waits.filter((wait) => wait === Number.POSITIVE_INFINITY).length
      figures[`${what}: refused (%)`] = Math.round((1000 * refused) / WRITES) / 10
    }
  }
  return figures
}
