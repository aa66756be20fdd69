import { setTimeout as sleep } from 'node:timers/promises'
import { Client, makeDataFolder, runCli, type Server, signIn, startServer } from './harness.ts'
import { openLedger, startLoad } from './ledger.ts'
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts'
import { makeBucket, type OwnS3Server, S3_CREDENTIALS, startS3Server } from './s3-server.ts'

/** What `/health/ready` calls them. */
export type Part = 'database' | 'storage'

const POLL_MS = 50
/** So many servers of Vitrine, and so many clients at each. */
const SERVERS = 2
const WORKERS = 2

export type RestartedHouse = Awaited<ReturnType<typeof openRestartedHouse>>

/**
 * Two servers of Vitrine over a PostgreSQL server and an S3 server of their own, all that clients were
 * told while they were at work, and ways to take one of the two from under it.
 */
export async function openRestartedHouse() {
  const [postgres, bucket] = await Promise.all([startOwnPostgres(), startS3Server()])
  const settings = {
    VITRINE_DATABASE_URL: postgres.url,
    VITRINE_DATABASE_CONNECTIONS: '8',
    VITRINE_STORAGE_URL: await makeBucket(bucket),
    ...S3_CREDENTIALS,
  }
  const servers = await Promise.all(
    Array.from({ length: SERVERS }, () => startServer(settings, makeDataFolder())),
  )
  const [first] = servers
  if (!first) throw new Error('There is no server.')
  const { cookie } = await signIn(first)
  const clients = servers.map(({ url }) => Object.assign(new Client(url), { cookie }))
  // What was on its way to the database may have come to its end there.
  const ledger = openLedger({ isDoubtful: (status) => status === 503 })

  return {
    ledger,
    /** Has everybody work until `work` is done; each client then waits for its last answer. */
    async underLoad(work: (load: { answered(more: number): Promise<unknown> }) => Promise<void>) {
      const loads = clients.map((client) => startLoad(client, ledger, WORKERS))
      try {
        await work({ answered: (more) => Promise.all(loads.map((load) => load.answered(more))) })
      } finally {
        await Promise.all(loads.map((load) => load.stop()))
      }
    },
    /** Takes it away, until every server has said so, and for so long. */
    async takeAway(part: Part, how: 'immediate' | 'fast', ms = 0) {
      await (part === 'database' ? postgres.stop(how) : bucket.pause())
      await Promise.all(clients.map((client) => untilReady(client, `Not answering: ${part}.`)))
      await sleep(ms)
    },
    /** @returns how long it took every server to be ready, from when the part was there again */
    async giveBack(part: Part): Promise<number> {
      await (part === 'database' ? postgres.start() : bucket.resume())
      const start = performance.now()
      await Promise.all(clients.map((client) => untilReady(client, undefined)))
      return performance.now() - start
    },
    /** All that was acknowledged is there, at every server. */
    async check() {
      for (const client of clients) await ledger.check(client)
    },
    /** What `vitrine doctor` says of it at last, once nobody is at work. */
    async examine(): Promise<string> {
      for (const server of servers) await server.stop()
      return (await runCli(makeDataFolder(), ['doctor'], { settings })).stdout
    },
    log: () => servers.map((server) => server.log()).join(''),
    close: () => closeAll(servers, postgres, bucket),
  }
}

/** @param detail of the 503 that is waited for; undefined waits for a 200 */
async function untilReady(client: Client, detail: string | undefined): Promise<void> {
  for (;;) {
    const { status, body } = await client.get('/health/ready')
    if (status === (detail === undefined ? 200 : 503) && body.detail === detail) return
    await sleep(POLL_MS)
  }
}

async function closeAll(servers: readonly Server[], postgres: OwnPostgres, bucket: OwnS3Server) {
  await Promise.all(servers.map((server) => server.kill()))
  await Promise.all([postgres.close(), bucket.stop()])
}
