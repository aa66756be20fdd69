import { LIMITS, startAttack } from '../hostile/attack.ts'
import { mutations, type Specimen } from '../hostile/mutate.ts'
import { makeSpecimens } from '../hostile/specimens.ts'
import { type Row, summarize, type Times, withoutProc } from './part.ts'

const MUTATIONS = 5000
/** The server looks at its processes every 50 ms; so much more one may have taken by then. */
const SLACK = { seconds: 0.5, memoryMiB: 128 }
/** Reading the header and the rest are tasks of their own, each with its limit. */
const TASKS = 2

export const missing = withoutProc

/** Throws hostile images at a server, one after the other, so that what each of them took is known. */
export async function* rows(times: Times): AsyncGenerator<Row> {
  // Another one in each run; whatever is found names it, and with it comes again.
  const seed = Math.floor(Math.random() * 1_000_000)
  yield await attackWith('made to hurt', await makeSpecimens())
  yield await attackWith(`spoilt at random, seed ${seed}`, take(mutations(seed), times(MUTATIONS)))
}

async function* take<T>(from: AsyncGenerator<T>, count: number): AsyncGenerator<T> {
  for (let left = count; left > 0; left--) {
    const { value, done } = await from.next()
    if (done) return
    yield value
  }
}

async function attackWith(
  kind: string,
  specimens: Iterable<Specimen> | AsyncIterable<Specimen>,
): Promise<Row> {
  const attack = await startAttack()
  const verdicts = { accepted: 0, refused: 0 }
  const durations: number[] = []
  let dearest = { name: '', seconds: 0 }
  for await (const specimen of specimens) {
    const before = performance.now()
    const { verdict, seconds } = await attack.submitMeasured(specimen)
    durations.push(performance.now() - before)
    verdicts[verdict]++
    if (seconds > dearest.seconds) dearest = { name: specimen.name, seconds }
  }
  const peakMiB = attack.peakMiB()
  await attack.end()
  console.log(`  ${kind}: most processor time, ${dearest.seconds} s: ${dearest.name}`)
  if (dearest.seconds > TASKS * (LIMITS.seconds + SLACK.seconds)) {
    throw new Error(`${dearest.name} took ${dearest.seconds} s of processor time.`)
  }
  if (peakMiB > LIMITS.memoryMiB + SLACK.memoryMiB) throw new Error(`A worker took ${peakMiB} MiB.`)
  return {
    fault: `a hostile image (${verdicts.refused} refused, ${verdicts.accepted} shown as pixels alone)`,
    injected: kind,
    times: verdicts.accepted + verdicts.refused,
    lost: 'nothing',
    recovery: `${summarize(durations)}; at most ${dearest.seconds.toFixed(1)} s of processor time, ${Math.round(peakMiB)} MiB`,
  }
}
