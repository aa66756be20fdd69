import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '../src/database/open.ts'
import { insertItems } from '../src/media/change/insert-many.ts'
import { countVersion } from '../src/media/library.ts'
import { makePng } from './fixtures.ts'
import { Client, makeDataFolder, runCli, type Server, signIn, startServer } from './harness.ts'
import { openLedger, startLoad } from './ledger.ts'
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts'
import { makeBucket, type OwnS3Server, S3_CREDENTIALS, startS3Server } from './s3-server.ts'

/** The names in `/health/ready`. */
export type Part = 'database' | 'storage'

const POLL_MS = 50
/** The number of Vitrine servers, and of clients at each. */
const SERVERS = 2
const WORKERS = 2
/** Enough items for a list that is streamed from a snapshot in several pieces. */
const STOCK = 5000
const STOCK_NAME = `Stock${' and stock'.repeat(20)}`

export type RestartedHouse = Awaited<ReturnType<typeof openRestartedHouse>>

/**
 * Two Vitrine servers on a PostgreSQL server and an S3 server of their own, a record of all responses under
 * load, and functions that stop one of the two backends.
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
  // A request that reached the database may have been committed there.
  const ledger = openLedger({
    isDoubtful: (status) => status === 503,
    isOther: ({ name }) => name.startsWith('Stock'),
  })
  await stock(postgres.url, Object.assign(new Client(first.url), { cookie }))

  return {
    ledger,
    /** Keeps all clients busy until `work` is done. Each client then waits for its last response. */
    async underLoad(work: (load: { answered(more: number): Promise<unknown> }) => Promise<void>) {
      const loads = clients.map((client) => startLoad(client, ledger, WORKERS))
      const reading = new AbortController()
      const readers = clients.map((client) => readLists(client, ledger.statuses, reading.signal))
      try {
        await work({ answered: (more) => Promise.all(loads.map((load) => load.answered(more))) })
      } finally {
        reading.abort()
        // If a list hangs, this does not end.
        await Promise.all([...loads.map((load) => load.stop()), ...readers])
      }
    },
    /** Stops a backend. Waits until every server reports it, and `ms` longer. */
    async takeAway(part: Part, how: 'immediate' | 'fast', ms = 0) {
      await (part === 'database' ? postgres.stop(how) : bucket.pause())
      await Promise.all(clients.map((client) => untilReady(client, `Not answering: ${part}.`)))
      await sleep(ms)
    },
    /** @returns milliseconds from the return of the backend until every server was ready */
    async giveBack(part: Part): Promise<number> {
      await (part === 'database' ? postgres.start() : bucket.resume())
      const start = performance.now()
      await Promise.all(clients.map((client) => untilReady(client, undefined)))
      return performance.now() - start
    },
    /** Expects every acknowledged item, at every server. */
    async check() {
      for (const client of clients) await ledger.check(client)
    },
    /** The output of `vitrine doctor`, after all servers have stopped. */
    async examine(): Promise<string> {
      for (const server of servers) await server.stop()
      return (await runCli(makeDataFolder(), ['doctor'], { settings })).stdout
    },
    log: () => servers.map((server) => server.log()).join(''),
    close: () => closeAll(servers, postgres, bucket),
  }
}

/** Makes a long list of items with the same image. */
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
 * Reads the whole list repeatedly. It may be refused or cut off, but a complete one must have all items.
 * @param statuses counts the responses
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

/** @param detail of the 503 to wait for; undefined waits for a 200 */
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
