import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MediaItem } from '../../src/media/item.ts'
import { makePng } from '../fixtures.ts'
import { findFreePort } from '../free-port.ts'
import { Client, type Server, signIn, startServer } from '../harness.ts'
import { findNginx } from '../install-nginx.ts'
import { startNginx } from '../nginx.ts'
import { keyOf } from '../squares.ts'

let server: Server
let owner: Client
let media: MediaItem
beforeAll(async () => {
  server = await startServer({
    VITRINE_DELIVERY: 'private',
    VITRINE_IIIF: 'true',
    VITRINE_PUBLIC_URL: 'https://images.example',
    VITRINE_TRUSTED_PROXIES: '127.0.0.1',
  })
  owner = await signIn(server)
  media = (await owner.add('Private', ['secret'], await makePng())).body.media
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  expect(await server.stop()).toBe(0)
})

/** All responses about the item that require the permission to view media. */
const pathsOf = ({ id, urls }: MediaItem) => [
  urls.scaled,
  urls.high,
  urls.template.replace('{width}', '80'),
  urls.template.replace('{width}.webp', '80,ar_1-1.auto'),
  `/iiif/${keyOf({ urls })}/info.json`,
  `/iiif/${keyOf({ urls })}/full/max/0/default.png`,
  `/media/image/${id}`,
  `/media/image/${id}/high`,
  `/media/image/${id}/w_80.jpg`,
  `/media/item/${id}/iiif/full/max/0/default.png`,
  `/media/original/${id}`,
  `/media/item/${id}`,
  '/media?limit=1',
  '/media/tags',
]

async function expectNothingShared(url: string) {
  const guest = new Client(url)
  const user = new Client(url)
  user.cookie = owner.cookie
  for (const path of pathsOf(media)) {
    // Requested twice, so that every cache has the response.
    await user.get(path)
    const own = await user.get(path)
    expect([path, own.status]).toEqual([path, 200])
    expect(own.headers.get('cache-control')).toMatch(/^private\b/)
    const etag = own.headers.get('etag') ?? ''
    expect(etag).not.toBe('')
    const conditional = { 'if-none-match': etag }
    expect((await user.get(path, { headers: conditional })).status).toBe(304)
    for (const headers of [{}, conditional, { 'if-none-match': '*' }, { range: 'bytes=0-9' }]) {
      for (const method of ['GET', 'HEAD']) {
        const { status, bytes, headers: told } = await guest.request(method, path, { headers })
        expect([method, path, status]).toEqual([method, path, 401])
        expect([told.get('etag'), told.get('content-range')]).toEqual([null, null])
        expect(bytes.toString()).not.toMatch(/Private|secret|WEBP|JFIF|PNG|iiif/)
      }
    }
  }
}

describe('private media', () => {
  it('is not revealed to others, not even as unchanged', () => expectNothingShared(server.url))

  it.skipIf(!findNginx())('is not delivered to others by a caching proxy', async () => {
    const port = await findFreePort()
    const all = { api: [server], files: [server], delivery: [server] }
    const nginx = await startNginx(all, port)
    try {
      await expectNothingShared(nginx.url)
    } finally {
      await nginx.stop()
    }
  })

  it('is refused immediately after a sign-out, even with its ETag', async () => {
    const leaving = await signIn(server)
    const { headers } = await leaving.get(media.urls.scaled)
    await leaving.post('/auth/logout', {})
    const { status } = await leaving.get(media.urls.scaled, {
      headers: { 'if-none-match': headers.get('etag') ?? '' },
    })
    expect(status).toBe(401)
  })

  it('is refused in the same way as media that do not exist', async () => {
    const guest = new Client(server.url)
    const answers = await Promise.all(
      [
        media.urls.scaled,
        `/media/file/${'a'.repeat(43)}/scaled.webp`,
        `/media/image/${media.id}`,
        '/media/image/999',
      ].map((path) => guest.get(path)),
    )
    for (const { status, body } of answers) {
      expect({ status, body }).toEqual({ status: 401, body: answers[0]?.body })
    }
  })
})
