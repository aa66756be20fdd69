import { LIMITS, MOST_MIB, startAttack } from '../hostile/attack.ts'
import { mutations, type Specimen } from '../hostile/mutate.ts'
import { makeSlowSpecimens, makeSpecimens } from '../hostile/specimens.ts'
import { type Row, summarize, type Times, withoutProc } from './part.ts'

const MUTATIONS = 5000
/** The server checks its processes every 20 to 25 ms. A process may exceed its limit by this much until then. */
const SLACK_SECONDS = 0.5
/** The header and the rest are read in separate tasks, each with its own limit. */
const TASKS = 2

export const missing = withoutProc

/** Sends hostile images to a server one at a time, so that the cost of each is known. */
export async function* rows(times: Times): AsyncGenerator<Row> {
  // Different in each run. A failure prints the seed, which reproduces it.
  const seed = Math.floor(Math.random() * 1_000_000)
  yield await attackWith('made to hurt', [
    ...(await makeSpecimens()),
    ...(await makeSlowSpecimens()),
  ])
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
  /** Of each format. */
  const outcomes = new Map<string, { accepted: number; refused: number }>()
  const durations: number[] = []
  let dearest = { name: '', seconds: 0 }
  for await (const specimen of specimens) {
    const before = performance.now()
    const { verdict, seconds } = await attack.submitMeasured(specimen)
    durations.push(performance.now() - before)
    verdicts[verdict]++
    const [kind = ''] = specimen.name.split(':', 1)
    const outcome = outcomes.get(kind) ?? { accepted: 0, refused: 0 }
    outcome[verdict]++
    outcomes.set(kind, outcome)
    if (seconds > dearest.seconds) dearest = { name: specimen.name, seconds }
  }
  const peakMiB = attack.peakMiB()
  await attack.end()
  // Of what was made by hand, most are one of their kind.
  const several = [...outcomes].filter(([, each]) => each.accepted + each.refused > 1)
  console.table(Object.fromEntries(several))
  console.log(`  ${kind}: most processor time, ${dearest.seconds} s: ${dearest.name}`)
  if (dearest.seconds > TASKS * (LIMITS.seconds + SLACK_SECONDS)) {
    throw new Error(`${dearest.name} took ${dearest.seconds} s of processor time.`)
  }
  if (peakMiB > MOST_MIB) throw new Error(`A worker took ${peakMiB} MiB.`)
  return {
    fault: `a hostile image (${verdicts.refused} refused, ${verdicts.accepted} shown as pixels alone)`,
    injected: kind,
    times: verdicts.accepted + verdicts.refused,
    lost: 'nothing',
    recovery: `${summarize(durations)}; at most ${dearest.seconds.toFixed(1)} s of processor time, ${Math.round(peakMiB)} MiB`,
  }
}
