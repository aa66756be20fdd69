import { setTimeout as sleep } from 'node:timers/promises'
import { expectConsistent } from '../consistency.ts'
import { Client, makeDataFolder, runCli, signIn, startServer } from '../harness.ts'
import { openLedger, startLoad } from '../ledger.ts'
import { type Row, summarize, type Times } from './part.ts'

const KILLS = 200
const DOCTOR_EVERY = 25
/** So many requests, at most, come to their end in one life of the server. */
const MOST_ANSWERS = 20
/** About as long as one request takes. */
const LONGEST_REST_MS = 60

/** Kills the server at random instants, with several clients at work. */
export async function* rows(times: Times): AsyncGenerator<Row> {
  const data = makeDataFolder()
  const ledger = openLedger()
  let server = await startServer({}, data)
  const { cookie } = await signIn(server)
  const recoveries: number[] = []
  const kills = times(KILLS)
  for (let kill = 1; kill <= kills; kill++) {
    const client = new Client(server.url)
    client.cookie = cookie
    const load = startLoad(client, ledger)
    await load.answered(Math.floor(Math.random() * MOST_ANSWERS))
    await sleep(Math.random() * LONGEST_REST_MS)
    await server.kill()
    await load.ended

    const before = performance.now()
    server = await startServer({}, data)
    const next = new Client(server.url)
    next.cookie = cookie
    await next.list('?limit=1')
    recoveries.push(performance.now() - before)
    await ledger.check(next)
    await expectConsistent(data)
    if (kill % DOCTOR_EVERY === 0 || kill === kills) await expectHealthy(data)
  }
  await server.stop()
  const asked = [...ledger.statuses].map(([what, times]) => `${what}: ${times}`).sort()
  console.log(`  requests by answer: ${asked.join(', ')}`)
  yield {
    fault: 'the server is killed while three clients add, edit and delete',
    injected: 'SIGKILL at random instants',
    times: kills,
    lost: 'nothing',
    recovery: summarize(recoveries),
  }
}

export async function expectHealthy(data: string): Promise<void> {
  const { code, stdout } = await runCli(data, ['doctor'])
  if (code !== 0) throw new Error(`The doctor ended with ${code}: ${stdout}`)
}
