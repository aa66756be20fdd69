/** How much the benchmarks do, by the environment: less of everything while one works on them. */
export function readCount(name: string, fallback: number): number {
  const count = Number(process.env[name] ?? fallback)
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`${name} is no count.`)
  return count
}

/** Of the large library. */
export const ITEMS = readCount('VITRINE_BENCH_ITEMS', 1_000_000)
/** Whether the figures are those that the targets are about. */
export const IS_FULL = ITEMS >= 1_000_000
export const ROUNDS = readCount('VITRINE_BENCH_ROUNDS', IS_FULL ? 5 : 3)
/** That one rate is measured for, in each round. */
export const SECONDS = readCount('VITRINE_BENCH_SECONDS', IS_FULL ? 4 : 1)
