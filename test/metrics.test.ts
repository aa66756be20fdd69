import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { makePng } from './fixtures.ts'
import { type Client, ROOT, type Server, signIn, startServer } from './harness.ts'

const METRICS_TOKEN = 'a-token-of-the-tests'

let server: Server
let client: Client
beforeAll(async () => {
  server = await startServer({ VITRINE_METRICS_TOKEN: METRICS_TOKEN })
  client = await signIn(server)
})
afterAll(async () => {
  expect(await server.stop()).toBe(0)
})

const scrape = async () => {
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` }
  return String((await client.get('/metrics', { headers })).bytes)
}

/** The value of a series; 0 if it does not exist yet. */
const valueIn = (text: string, series: string) => {
  const line = text.split('\n').find((line) => line.startsWith(`${series} `))
  return Number(line?.slice(series.length) ?? 0)
}

describe('the metrics of a server', () => {
  it('are exactly those in the documentation', async () => {
    const types = [...(await scrape()).matchAll(/^# TYPE (\S+) (\S+)$/gm)]
    const told = types.map(([, name, type]) => `${name} ${type}`)
    const manual = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
    const [, chapter = ''] = manual.split('\n## Metrics\n')
    const [section = ''] = chapter.split('\n## ')
    const rows = [...section.matchAll(/^\| `(\w+)`[^|]*\| (\w+) \|/gm)]
    expect(rows.map(([, name, type]) => `${name} ${type}`).sort()).toEqual(told.sort())
  })

  it('change with the requests to the server', async () => {
    const before = await scrape()
    const image = await makePng({ width: 60, height: 40, seed: 1 })
    const { media } = (await client.add('An image', [], image)).body
    const paths = ['/media?limit=7', media.urls.scaled]
    for (const path of paths) for (let count = 0; count < 3; count++) await client.get(path)
    expect((await client.get('/media?limit=none')).status).toBe(400)
    const refused = await client.post('/media/add', { name: 'No image', tags: [], image: 'AAAA' })
    expect(refused.status).toBe(500)

    const moved = async (series: string) => {
      const after = await scrape()
      return valueIn(after, series) - valueIn(before, series)
    }
    const reads = 'vitrine_cache_reads_total'
    expect(await moved(`${reads}{cache="lists",result="hit"}`)).toBe(1)
    expect(await moved(`${reads}{cache="lists",result="miss"}`)).toBe(2)
    expect(await moved(`${reads}{cache="delivery",result="hit"}`)).toBe(2)
    expect(await moved(`${reads}{cache="delivery",result="miss"}`)).toBe(1)
    const answers = (labels: string) => moved(`vitrine_answers_total{${labels}}`)
    await expect.poll(() => answers('route="/media",result="ok"')).toBe(3)
    expect(await answers('route="/media",result="refused"')).toBe(1)
    expect(await answers('route="/media/add",result="refused"')).toBe(1)
    expect(await answers('route="/media/add",result="fault"')).toBe(0)
    expect(await answers('route="/media/file/:key/:options",result="ok"')).toBe(3)
    expect(await moved('vitrine_storage_seconds_count{operation="put"}')).toBeGreaterThanOrEqual(2)
    expect(
      await moved('vitrine_database_write_wait_seconds_count{kind="write"}'),
    ).toBeGreaterThanOrEqual(1)
  })

  it('report the version, free space, event loop delay and journal size', async () => {
    const text = await scrape()
    expect(text).toContain(`vitrine_build_info{version="${manifest.version}",node="`)
    expect(valueIn(text, 'vitrine_temporary_free_bytes')).toBeGreaterThan(0)
    expect(valueIn(text, 'nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0)
    expect(text).toMatch(/^vitrine_journal_rows \d+$/m)
  })
})
