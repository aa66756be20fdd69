import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MediaItem } from '../src/media/item.ts'
import { makePng } from './fixtures.ts'
import { type Answer, Client, type Server, signIn, startServer } from './harness.ts'

const METRICS_TOKEN = 'a token of the tests'.replaceAll(' ', '-')
const SETTINGS = {
  VITRINE_METRICS_TOKEN: METRICS_TOKEN,
  VITRINE_ALLOWED_ORIGINS: 'https://other.example',
}

let first: Server
let second: Server
let owner: Client
let guests: [Client, Client]
beforeAll(async () => {
  first = await startServer(SETTINGS)
  second = await startServer(SETTINGS, first.data)
  owner = await signIn(first)
  guests = [new Client(first.url), new Client(second.url)]
})
afterAll(async () => {
  for (const server of [first, second]) {
    expect(server.log()).not.toContain('"level":50')
    expect(await server.stop()).toBe(0)
  }
})

let seed = 0
const addImage = async (): Promise<MediaItem> =>
  (await owner.add('An image', [], await makePng({ width: 500, height: 300, seed: ++seed }))).body
    .media

const pathsOf = ({ id, urls }: MediaItem) => [
  `/media/image/${id}`,
  `/media/image/${id}/scaled`,
  `/media/image/${id}/high`,
  urls.scaled,
  urls.high,
]

/** Everything that distinguishes two responses, without the headers that differ each time. */
function tell({ status, headers, bytes }: Answer) {
  const { date, 'x-request-id': id, ...rest } = Object.fromEntries(headers)
  expect([date, id]).toEqual([expect.any(String), expect.stringMatching(/^[0-9a-f-]{36}$/)])
  return { status, headers: rest, bytes: bytes.toString('base64') }
}

describe('a recently sent image', () => {
  it('is sent again unchanged, whole or in part, to every client', async () => {
    const media = await addImage()
    const [guest] = guests
    for (const path of pathsOf(media)) {
      const cold = tell(await guest.get(path))
      expect(cold.status).toBe(200)
      expect(cold.headers).toMatchObject({ vary: 'Origin' })
      for (let count = 0; count < 3; count++) expect(tell(await guest.get(path))).toEqual(cold)

      const etag = cold.headers.etag ?? ''
      const unchanged = await guest.get(path, { headers: { 'if-none-match': etag } })
      expect(unchanged.status).toBe(304)
      const part = await guest.get(path, { headers: { range: 'bytes=0-3' } })
      expect({ status: part.status, text: String(part.bytes) }).toEqual({
        status: 206,
        text: 'RIFF',
      })
      const head = await guest.request('HEAD', path)
      expect(tell(head)).toEqual({ ...cold, bytes: '' })
      const page = await guest.get(path, { headers: { origin: 'https://other.example' } })
      expect(page.headers.get('access-control-allow-origin')).toBe('*')
    }
  })

  it('is never mixed up with others, even if many large ones are requested at once', async () => {
    const paths: string[] = []
    for (let count = 0; count < 6; count++) {
      const noise = await makePng({ width: 900, height: 600, seed: ++seed })
      paths.push((await owner.add('A large image', [], noise)).body.media.urls.high)
    }
    // A server without the cache, which reads the image for each request.
    const server = await startServer({ VITRINE_DELIVERY_CACHE_BYTES: '0' }, first.data)
    const guest = new Client(server.url)
    const sent = new Map<string, string>()
    for (const path of paths) {
      const { bytes, headers } = await guest.get(path)
      expect(bytes.length).toBeGreaterThan(64 * 1024)
      expect(headers.get('etag')).toBe(`"${createHash('sha256').update(bytes).digest('hex')}"`)
      sent.set(path, bytes.toString('base64'))
    }
    for (let turn = 0; turn < 5; turn++) {
      const leaving = new AbortController()
      const left = paths.map((path) => fetch(server.url + path, { signal: leaving.signal }))
      const asked = [...paths, ...paths.toReversed()].map(async (path) => {
        expect((await guest.get(path)).bytes.toString('base64')).toBe(sent.get(path))
      })
      leaving.abort()
      await Promise.allSettled(left)
      await Promise.all(asked)
    }
    expect(await server.stop()).toBe(0)
  })

  it('is logged and counted for each request', async () => {
    const { urls } = await addImage()
    const [guest] = guests
    const ids: (string | null)[] = []
    for (let count = 0; count < 4; count++) {
      ids.push((await guest.get(urls.scaled)).headers.get('x-request-id'))
    }
    for (const id of ids) await first.logged(`"requestId":"${id}"`)
    const lines = first
      .log()
      .split('\n')
      .filter((line) => line.includes(urls.scaled))
      .map((line) => JSON.parse(line))
    expect(lines).toHaveLength(4)
    for (const line of lines) {
      expect(line).toMatchObject({ method: 'GET', path: urls.scaled, status: 200, msg: 'request' })
    }
    const headers = { authorization: `Bearer ${METRICS_TOKEN}` }
    const count = async () => {
      const text = String((await guest.get('/metrics', { headers })).bytes)
      const route = 'method="GET",route="/media/file/:key/:options",status="200"'
      const [, number] = new RegExp(`_count{${route}} (\\d+)`).exec(text) ?? []
      return Number(number)
    }
    const before = await count()
    await guest.get(urls.scaled)
    await expect.poll(count).toBe(before + 1)
  })

  it('is gone from every process as soon as it is deleted', async () => {
    for (const deleter of [owner, await signIn(second)]) {
      const media = await addImage()
      const paths = pathsOf(media)
      for (const guest of guests) {
        for (const path of [...paths, ...paths, ...paths]) {
          expect((await guest.get(path)).status).toBe(200)
        }
      }
      expect((await deleter.delete(`/media/delete/${media.id}`)).status).toBe(200)
      for (const guest of guests) {
        for (const path of paths) {
          const gone = await guest.get(path)
          expect(gone).toMatchObject({ status: 404, body: { data: 'Media not found' } })
          expect(gone.headers.get('cache-control')).toBe('no-store')
        }
      }
    }
  })
})
