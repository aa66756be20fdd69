/**
 * The sizes of the benchmarks, from the environment. Smaller sizes are for work on the benchmarks
 * themselves.
 */
export function readCount(name: string, fallback: number): number {
  const count = Number(process.env[name] ?? fallback)
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`${name} is no count.`)
  return count
}

/** Number of items in the large library. */
export const ITEMS = readCount('VITRINE_BENCH_ITEMS', 1_000_000)
/** Whether the targets apply to the results. */
export const IS_FULL = ITEMS >= 1_000_000
export const ROUNDS = readCount('VITRINE_BENCH_ROUNDS', IS_FULL ? 5 : 3)
/** Seconds per rate and round. */
export const SECONDS = readCount('VITRINE_BENCH_SECONDS', IS_FULL ? 4 : 1)
