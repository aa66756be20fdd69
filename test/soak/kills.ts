import { setTimeout as sleep } from 'node:timers/promises'
import { openLedger, startLoad } from '../ledger.ts'
import { openMortalServer } from './mortal-server.ts'
import { type Row, summarize, type Times } from './part.ts'

const KILLS = 200
const EXAMINED_EVERY = 25
/** The maximum number of requests that are answered in one life of the server. */
const MOST_ANSWERS = 20
/** About the duration of one request. */
const LONGEST_REST_MS = 60

/** So little that images are removed all the time to make room for others. */
const RENDITION_BYTES = 20_000

/** Kills the server at random instants while several clients send requests. */
export async function* rows(times: Times): AsyncGenerator<Row> {
  const ledger = openLedger()
  const mortal = await openMortalServer({ VITRINE_VARIANT_BYTES: String(RENDITION_BYTES) })
  const kills = times(KILLS)
  for (let kill = 1; kill <= kills; kill++) {
    const load = startLoad(mortal.client, ledger)
    await load.answered(Math.floor(Math.random() * MOST_ANSWERS))
    await sleep(Math.random() * LONGEST_REST_MS)
    await mortal.kill()
    await load.ended
    await mortal.revive(ledger)
    if (kill % EXAMINED_EVERY === 0 || kill === kills) await mortal.examine()
  }
  await mortal.stop()
  console.log(`  requests by answer: ${ledger.describe()}`)
  yield {
    fault: 'the server is killed while three clients add, edit, delete and show images of any size',
    injected: 'SIGKILL at random instants',
    times: kills,
    lost: 'nothing',
    recovery: summarize(mortal.recoveries),
  }
}
