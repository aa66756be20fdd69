import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { awaitStruckOff, expectConsistent, takeStock } from '../consistency.ts'
import {
  Client,
  makeDataFolder,
  runCli,
  type Server,
  type Settings,
  signIn,
  startServer,
} from '../harness.ts'
import type { Ledger } from '../ledger.ts'

/** A late removal happens after a lease of one minute, at the next sweep. */
const SWEEP_REST_MS = 5000
const SWEEP_TRIES = 30

export type MortalServer = Awaited<ReturnType<typeof openMortalServer>>

/** A server that is killed and started again, with one session throughout. */
export async function openMortalServer(settings: Settings = {}, data = makeDataFolder()) {
  let server: Server = await startServer(settings, data)
  let client = await signIn(server)
  /** Milliseconds from each start until a list was answered. */
  const recoveries: number[] = []

  async function start() {
    const { cookie } = client
    const before = performance.now()
    server = await startServer(settings, data)
    client = new Client(server.url)
    client.cookie = cookie
    await client.list('?limit=1')
    recoveries.push(performance.now() - before)
  }

  return {
    data,
    recoveries,
    get client() {
      return client
    },
    get server() {
      return server
    },
    get pid(): number {
      const { pid } = server.process
      if (pid === undefined) throw new Error('There is no process.')
      return pid
    },
    kill: () => server.kill(),
    start,

    /** Starts the server again, and expects exactly the acknowledged state. */
    async revive(ledger: Ledger) {
      await start()
      await ledger.check(client)
      await expectConsistent(data)
    },

    expectConsistent: () => expectConsistent(data),

    /** Waits until the server works on no journal entry, or has ended. */
    awaitStruckOff: () => awaitStruckOff(data, server.process),

    /** Expects every row to have its object, and every other object to be in the journal for the sweep. */
    async expectAccounted() {
      const { named, stored, journal } = await takeStock(data)
      expect(stored).toMatchObject(named)
      const strays = Object.keys(stored).filter((key) => named[key] === undefined)
      expect(journal).toEqual(
        expect.arrayContaining(strays.map((key) => key.replace(/\.part$/, ''))),
      )
    },

    /** Waits until the sweep has removed the objects that storage refused to remove before. */
    async expectSwept() {
      for (let tries = SWEEP_TRIES; tries > 0; tries--) {
        if ((await takeStock(data)).journal.length === 0) break
        await sleep(SWEEP_REST_MS)
      }
      expect((await expectConsistent(data)).journal).toEqual([])
    },

    /** Runs `vitrine doctor`. */
    async examine() {
      const { code, stdout } = await runCli(data, ['doctor'], { settings })
      if (code !== 0 || !stdout.includes('nothing found')) {
        throw new Error(`The doctor ended with ${code}: ${stdout}`)
      }
    },

    async stop() {
      const code = await server.stop()
      if (code !== 0) throw new Error(`The server ended with ${code}: ${server.log()}`)
    },
  }
}
