import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MediaItem } from '../src/media/item.ts'
import { expectConsistent } from './consistency.ts'
import { makePng } from './fixtures.ts'
import { type Client, makeDataFolder, runCli, type Server, signIn, startServer } from './harness.ts'

const METRICS_TOKEN = 'a-token-of-the-tests'
const WORKERS = 2
const PATIENCE = { timeout: 30_000 }

let server: Server
let owner: Client
beforeAll(async () => {
  server = await startServer({
    VITRINE_WORKERS: String(WORKERS),
    VITRINE_METRICS_TOKEN: METRICS_TOKEN,
    VITRINE_ADMIN_PASSWORD: undefined,
  })
  const file = join(server.data, 'admin-password')
  owner = await signIn(server, 'admin', readFileSync(file, 'utf8').trim())
})
afterAll(async () => {
  expect(await server.stop()).toBe(0)
  expect(readdirSync(join(server.data, 'tmp'))).toEqual([])
})

/** Sends a request on a connection of its own, so that the workers answer in turn. */
async function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  json?: unknown,
) {
  const request = owner.start(method, path, {
    connection: 'close',
    ...(json !== undefined && { 'content-type': 'application/json' }),
    ...headers,
  })
  const [answer]: IncomingMessage[] = await once(
    request.end(json === undefined ? undefined : JSON.stringify(json)),
    'response',
  )
  if (!answer) throw new Error('There is no answer.')
  return {
    status: answer.statusCode,
    id: String(answer.headers['x-request-id']),
    bytes: await buffer(answer),
  }
}

/** Returns the process that answered, according to the log. */
async function workerOf({ id }: { id: string }): Promise<number> {
  await server.logged(`"requestId":"${id}"`)
  const line = server
    .log()
    .split('\n')
    .find((text) => text.includes(`"requestId":"${id}"`))
  return JSON.parse(line ?? '').pid
}

const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))

const statuses = (answers: readonly { status: number | undefined }[]) => [
  ...new Set(answers.map(({ status }) => status)),
]

async function add(seed: number) {
  const image = await makePng({ width: 60, height: 40, seed })
  const answer = await ask(
    'POST',
    '/media/add',
    {},
    {
      name: `Image ${seed}`,
      tags: [],
      image: image.toString('base64'),
    },
  )
  const sha256 = createHash('sha256').update(image).digest('hex')
  const media = answer.status === 200 ? (JSON.parse(String(answer.bytes)).media as MediaItem) : null
  return { ...answer, media, sha256 }
}

async function runningWorkers(): Promise<number[]> {
  const answers = await times(3 * WORKERS, () => ask('GET', '/health/live'))
  return [...new Set(await Promise.all(answers.map(workerOf)))]
}

describe('a server of several workers', () => {
  it('prints its URL and the first password once', () => {
    expect(server.output()).toMatch(
      /^Sign in as "admin" with the password in \S+\nVitrine is listening on http:\/\/127\.0\.0\.1:\d{4,5}\n$/,
    )
  })

  it('answers in all of them, with a session that one of them created', async () => {
    const answers = await times(3 * WORKERS, () => ask('GET', '/media?limit=1'))
    expect(statuses(answers)).toEqual([200])
    const pids = new Set(await Promise.all(answers.map(workerOf)))
    expect(pids.size).toBe(WORKERS)
    expect(pids).not.toContain(server.process.pid)
  })

  it('shows an image in all of them, and in none after its deletion', async () => {
    const { media } = await add(1)
    if (!media) throw new Error('It was not added.')
    const paths = [`/media/image/${media.id}`, media.urls.scaled, media.urls.high]
    for (const path of paths) {
      expect(statuses(await times(4 * WORKERS, () => ask('GET', path)))).toEqual([200])
    }
    expect((await ask('DELETE', `/media/delete/${media.id}`)).status).toBe(200)
    for (const path of paths) {
      expect(statuses(await times(4 * WORKERS, () => ask('GET', path)))).toEqual([404])
    }
  })

  it('sums the metrics of all of them', async () => {
    const authorization = `Bearer ${METRICS_TOKEN}`
    const count = async () => {
      const { bytes } = await ask('GET', '/metrics', { authorization })
      const series =
        /http_request_duration_seconds_count{method="GET",route="\/media\/tags",status="200"} (\d+)/
      return Number(series.exec(String(bytes))?.[1] ?? 0)
    }
    expect(statuses(await times(6, () => ask('GET', '/media/tags')))).toEqual([200])
    for (let turn = 0; turn < WORKERS; turn++) await expect.poll(count, PATIENCE).toBe(6)
  })

  it('loses nothing acknowledged when one of them is killed, and replaces it', async () => {
    const before = await runningWorkers()
    expect(before).toHaveLength(WORKERS)
    const [victim = 0] = before
    const added: Awaited<ReturnType<typeof add>>[] = []
    const adding = times(16, async (index) => {
      // An add that the kill cuts off has no response.
      const answer = await add(100 + index).catch(() => undefined)
      if (answer) added.push(answer)
      if (index === 2) process.kill(victim, 'SIGKILL')
    })
    await server.logged('ended with SIGKILL')
    await adding
    expect(statuses(added)).toEqual([200])
    await expect.poll(async () => (await runningWorkers()).length, PATIENCE).toBe(WORKERS)
    expect(await runningWorkers()).not.toContain(victim)
    for (const { media, sha256 } of added) {
      const { bytes } = await ask('GET', `/media/original/${media?.id}`)
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
    }
    await expectConsistent(server.data)
  })

  it('reports sums that do not fall when one of them is killed', async () => {
    const authorization = `Bearer ${METRICS_TOKEN}`
    /** All metrics that can only grow, and the build. */
    const scrape = async () => {
      const text = String((await ask('GET', '/metrics', { authorization })).bytes)
      const metrics = text.matchAll(/^# TYPE (?!.* gauge$).*\n((?:[^#\n].*\n)*)/gm)
      const lines = [...metrics].flatMap(([, series = '']) => series.trimEnd().split('\n'))
      const sums = new Map(
        lines.map((line) => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line))]),
      )
      return { text, sums }
    }
    // Two kills: the counts of both dead workers must be kept.
    for (let kill = 0; kill < 2; kill++) {
      await times(8, () => ask('GET', '/media/tags'))
      const [victim = 0] = await runningWorkers()
      const before = await scrape()
      const ends = () => server.log().split('ended with SIGKILL').length
      const endsBefore = ends()
      process.kill(victim, 'SIGKILL')
      await expect.poll(ends, PATIENCE).toBe(endsBefore + 1)
      await expect.poll(async () => (await runningWorkers()).length, PATIENCE).toBe(WORKERS)
      const after = await scrape()
      const fallen = [...before.sums].filter(
        ([name, sum]) => !((after.sums.get(name) ?? -1) >= sum),
      )
      expect(fallen).toEqual([])
      expect(before.sums.size).toBeGreaterThan(100)
      expect(after.text).toMatch(/^vitrine_build_info{.*} 1$/m)
    }
  })

  it('prints one line and does not start if its port is in use', async () => {
    const { port } = new URL(server.url)
    const settings = { VITRINE_PORT: port, VITRINE_WORKERS: '3' }
    const { code, stderr } = await runCli(makeDataFolder(), ['serve'], { settings })
    expect({ code, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, lines: 1 })
    expect(stderr).toContain(port)
  })
})
