import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MediaItem } from '../src/media/item.ts'
import { makePng } from './fixtures.ts'
import { findFreePort } from './free-port.ts'
import { Client, type Server, startServer } from './harness.ts'
import { findNginx } from './install-nginx.ts'
import { type Nginx, startNginx } from './nginx.ts'
import { keyOf } from './squares.ts'

describe.skipIf(!findNginx())('nginx, as it is delivered', () => {
  let server: Server
  let nginx: Nginx
  let owner: Client
  let guest: Client
  let media: MediaItem
  /** Both addresses of the image, without what follows. */
  let file: string
  let iiif: string

  beforeAll(async () => {
    server = await startServer({
      VITRINE_IIIF: 'true',
      VITRINE_PUBLIC_URL: 'https://images.example',
      VITRINE_TRUSTED_PROXIES: '127.0.0.1',
    })
    const all = { api: [server], files: [server], delivery: [server] }
    nginx = await startNginx(all, await findFreePort(), '1h')
    owner = await new Client(nginx.url).signIn()
    guest = new Client(nginx.url)
    media = (await owner.add('Kept', [], await makePng({ width: 300, height: 200 }))).body.media
    file = `/media/file/${keyOf(media)}`
    iiif = `/iiif/${keyOf(media)}`
  })
  afterAll(async () => {
    await nginx?.stop()
    expect(server.log()).not.toContain('"level":50')
    expect(await server.stop()).toBe(0)
  })

  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const { status, headers: told, bytes } = await guest.get(path, { headers })
    return { status, cache: told.get('x-cache-status'), type: told.get('content-type'), bytes }
  }

  it.each([
    () => `${file}/scaled.webp`,
    () => `${file}/w_80.webp`,
    () => `${file}/w_160,ar_1-1.jpg`,
    () => `${iiif}/full/max/0/default.jpg`,
    () => `${iiif}/pct:25,25,50,50/!90,90/!90/gray.png`,
  ])('keeps what is at an address for ever: case %#', async (pathOf) => {
    const path = pathOf()
    const first = await guest.get(path)
    expect([path, first.status, first.headers.get('x-cache-status')]).toEqual([path, 200, 'MISS'])
    const again = await guest.get(path)
    expect([again.status, again.headers.get('x-cache-status')]).toEqual([200, 'HIT'])
    expect(again.bytes).toEqual(first.bytes)
    for (const name of ['etag', 'content-type', 'cache-control', 'link', 'last-modified']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name))
    }
    const etag = String(first.headers.get('etag'))
    expect(await ask(path, { 'if-none-match': etag })).toMatchObject({ status: 304, cache: 'HIT' })
    const part = await ask(path, { range: 'bytes=3-9' })
    expect(part).toMatchObject({ status: 206, cache: 'HIT', bytes: first.bytes.subarray(3, 10) })
    const head = await guest.request('HEAD', path)
    expect([head.status, head.headers.get('content-length')]).toEqual([
      200,
      String(first.bytes.length),
    ])
    // No query changes an image.
    expect(await ask(`${path}?from=elsewhere`)).toMatchObject({ status: 200, cache: 'HIT' })
  })

  it('keeps what `auto` gives to each kind of client', async () => {
    const path = `${file}/w_80.auto`
    for (const cache of ['MISS', 'HIT']) {
      for (const [accept, type] of [
        ['image/webp,*/*', 'image/webp'],
        ['image/png,*/*', 'image/jpeg'],
      ] as const) {
        expect(await ask(path, { accept })).toMatchObject({ status: 200, cache, type })
      }
    }
    expect((await guest.get(path)).headers.get('vary')).toBe('Accept')
  })

  it.each([
    [308, () => `${file}/w_81.webp`],
    [308, () => `${file}/ar_1-1,w_80.webp`],
    [307, () => `${file}/thumb.webp`],
    [400, () => `${file}/w_0.webp`],
    [403, () => `${file}/w_80,q_1.webp`],
    [404, () => `${file}/other.webp`],
    [404, () => '/media/file/AAAAAAAAAAAAAAAAAAAAAA/w_80.webp'],
    [200, () => `/media/image/${media.id}/w_80.webp`],
    [303, () => iiif],
    [200, () => `${iiif}/info.json`],
    [400, () => `${iiif}/full/9999,/0/default.jpg`],
    [501, () => `${iiif}/full/^9999,/0/default.jpg`],
    [404, () => '/iiif/AAAAAAAAAAAAAAAAAAAAAA/full/max/0/default.jpg'],
  ])('keeps nothing else: %d, case %#', async (status, pathOf) => {
    await owner.request('PUT', '/presets/thumb', { json: { options: 'w_64,q_40' } })
    for (let time = 0; time < 2; time++) {
      expect(await ask(pathOf())).toMatchObject({ status, cache: 'MISS' })
    }
  })
})
