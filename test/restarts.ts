import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '../src/database/database.ts'
import { insertItems } from '../src/media/change/insert-many.ts'
import { countVersion } from '../src/media/library.ts'
import { makePng } from './fixtures.ts'
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
/** So many items make a list that is streamed from a snapshot, in several pieces. */
const STOCK = 5000
const STOCK_NAME = `Stock${' and stock'.repeat(20)}`

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
  const ledger = openLedger({
    isDoubtful: (status) => status === 503,
    isOther: ({ name }) => name.startsWith('Stock'),
  })
  await stock(postgres.url, Object.assign(new Client(first.url), { cookie }))

  return {
    ledger,
    /** Has everybody work until `work` is done; each client then waits for its last answer. */
    async underLoad(work: (load: { answered(more: number): Promise<unknown> }) => Promise<void>) {
      const loads = clients.map((client) => startLoad(client, ledger, WORKERS))
      const reading = new AbortController()
      const readers = clients.map((client) => readLists(client, ledger.statuses, reading.signal))
      try {
        await work({ answered: (more) => Promise.all(loads.map((load) => load.answered(more))) })
      } finally {
        reading.abort()
        // A list that hangs keeps this from ending.
        await Promise.all([...loads.map((load) => load.stop()), ...readers])
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

/** Makes a long list, all of one image. */
async function stock(url: string, client: Client): Promise<void> {
  const { body } = await client.add(STOCK_NAME, [], await makePng())
  const database = await openDatabase({ url, connections: 4 })
  await database.write(async (trx) => {
    const { file_id, added_at } = await trx
      .selectFrom('media')
      .select(['file_id', 'added_at'])
      .where('id', '=', body.media.id)
      .executeTakeFirstOrThrow()
    const item = { file_id, added_at, name: STOCK_NAME, tags: '[]' }
    await insertItems(
      trx,
      Array.from({ length: STOCK }, () => item),
    )
    await countVersion(trx)
  })
  await database.close()
}

/**
 * Reads the whole list again and again. It may be refused or cut off; what is whole must have everything.
 * @param statuses where each answer is counted
 */
async function readLists(client: Client, statuses: Map<string, number>, signal: AbortSignal) {
  while (!signal.aborted) {
    const answer = await client.list().catch(() => undefined)
    const what = `long list ${answer?.status ?? 'cut'}`
    statuses.set(what, (statuses.get(what) ?? 0) + 1)
    if (answer?.status === 200) {
      const { length } = answer.body.media
      if (length <= STOCK) throw new Error(`A list of ${STOCK} items and more has ${length}.`)
    }
    await sleep(POLL_MS)
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
