import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makePng } from './fixtures.ts'
import { type Client, makeDataFolder, runCli, signIn, startServer } from './harness.ts'
import { databaseSettings } from './postgres.ts'
import { hasS3Server, makeBucket, S3_CREDENTIALS, useS3Server } from './s3-server.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

const PATIENCE = { timeout: 60_000 }

// What is waited for is told by the servers, some of them after long retries.
describe.skipIf(!hasS3Server())(
  'a library on servers that go away for a while',
  { timeout: 180_000 },
  () => {
    it.each(['database', 'storage'] as const)(
      'loses nothing that was acknowledged, and works again without a restart: %s',
      async (part) => {
        const { client, proxies, runDoctor, server } = await start()
        const load = startLoad(client)
        await load.until(6)
        proxies[part].cut()
        await sleep(2000)
        const ready = await client.get('/health/ready')
        expect(ready.status).toBe(503)
        expect(ready.body.detail).toBe(`Not answering: ${part}.`)
        proxies[part].mend()
        await load.until(6)
        const { acknowledged, deleted, answers } = await load.end()

        // What failed was told so, and to come again; nothing else.
        expect([...answers].filter((status) => ![200, 500, 503].includes(status))).toEqual([])
        expect(answers.has(part === 'database' ? 503 : 500)).toBe(true)
        const { media } = (await client.list('?limit=1000')).body
        const ids = new Set(media.map(({ id }) => id))
        for (const [id, image] of acknowledged) {
          expect(ids.has(id), `item ${id}`).toBe(true)
          expect((await client.get(`/media/original/${id}`)).bytes).toEqual(image)
        }
        for (const id of deleted) expect(ids.has(id), `item ${id}`).toBe(false)
        // What was left behind is removed by a sweep, of which this start is one.
        expect(await server.stop()).toBe(0)
        await expect.poll(runDoctor, { ...PATIENCE, interval: 2000 }).toMatch(/ nothing found\n$/)
      },
    )
  },
)

/** A server on a database and a bucket that can both be cut off. */
async function start() {
  const data = makeDataFolder()
  const bucket = await useS3Server()
  const database = await databaseSettings(data)
  const storageUrl = new URL(await makeBucket(bucket))
  const proxies = {
    database: await startTcpProxy(database.VITRINE_DATABASE_URL ?? ''),
    storage: await startTcpProxy(storageUrl.searchParams.get('endpoint') ?? ''),
  } satisfies Record<string, TcpProxy>
  storageUrl.searchParams.set('endpoint', proxies.storage.url)
  const settings = {
    VITRINE_DATABASE_URL: proxies.database.url,
    VITRINE_STORAGE_URL: storageUrl.href,
    ...S3_CREDENTIALS,
  }
  const server = await startServer(settings, data)
  onTestFinished(async () => {
    await server.kill()
    for (const proxy of Object.values(proxies)) proxy.close()
    await bucket.stop()
  })
  const runDoctor = async () => (await runCli(data, ['doctor'], { settings })).stdout
  return { client: await signIn(server), proxies, runDoctor, server }
}

/** Several who add, list and delete, one thing after the other, until they are told to end. */
function startLoad(client: Client) {
  const acknowledged = new Map<number, Buffer>()
  const deleted = new Set<number>()
  const answers = new Set<number>()
  let successes = 0
  let isOver = false

  const work = async (worker: number) => {
    for (let round = 0; !isOver; round++) {
      const image = await makePng({ width: 16, height: 16, seed: worker * 1000 + round })
      const added = await client.add(`Worker ${worker}, round ${round}`, ['load'], image)
      answers.add(added.status)
      answers.add((await client.list('?limit=5')).status)
      if (added.status !== 200) {
        await sleep(100)
        continue
      }
      const { id } = added.body.media
      acknowledged.set(id, Buffer.from(image))
      successes += 1
      if (round % 3 !== 2) continue
      acknowledged.delete(id)
      const { status } = await client.delete(`/media/delete/${id}`)
      answers.add(status)
      // A delete that failed may have been one all the same.
      if (status === 200) deleted.add(id)
    }
  }
  const workers = [1, 2, 3].map(work)
  return {
    /** Waits for so many adds more. */
    async until(count: number) {
      const wanted = successes + count
      await expect.poll(() => successes, PATIENCE).toBeGreaterThanOrEqual(wanted)
    },
    async end() {
      isOver = true
      await Promise.all(workers)
      return { acknowledged, deleted, answers }
    },
  }
}
