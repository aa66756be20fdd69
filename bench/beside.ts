import { type Comparison, medianRatio, summarize } from './comparison.ts'
import type { Load } from './load.ts'
import { ROUNDS } from './sizes.ts'
import type { watchServer } from './watch-server.ts'

type Watch = Awaited<ReturnType<typeof watchServer>>

/**
 * Measures two rates alternately, round after round, so that both see the same state of the machine.
 * @param watch watches the server that answers `work`
 * @param by what the limit measures
 */
export async function measureBeside(
  watch: Watch,
  by: string,
  { work, limit }: { work: () => Promise<Load>; limit: () => Promise<Load> },
): Promise<Required<Pick<Comparison, 'measured' | 'limit' | 'ratio' | 'processor' | 'memory'>>> {
  // Warm-up.
  await limit()
  await work()
  const rates: number[] = []
  const limits: number[] = []
  const processor: number[] = []
  let memory = 0
  for (let round = 0; round < ROUNDS; round++) {
    limits.push((await limit()).rate)
    const { result, taken } = await watch.during(work)
    rates.push(result.rate)
    processor.push(taken.processor / result.requests)
    memory = Math.max(memory, taken.memory)
  }
  return {
    measured: summarize(rates, '/s'),
    limit: { ...summarize(limits, '/s'), by },
    ratio: medianRatio(rates, limits),
    processor: summarize(processor, 'ms').median,
    memory,
  }
}
