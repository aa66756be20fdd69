import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MediaItem } from '../src/media/item.ts'
import { makeAnimatedGif, makePhonePhoto, makePng } from './fixtures.ts'
import { Client, type Server, signIn, startServer } from './harness.ts'

const etagOf = (bytes: Buffer) => `"${createHash('sha256').update(bytes).digest('hex')}"`

let open: Server
let closed: Server
let none: Server
let owner: Client
let guest: Client
/** Needs a rotation by its EXIF orientation, and is larger than any variant. */
let photo: MediaItem
let photoBytes: Buffer

beforeAll(async () => {
  open = await startServer()
  // More instances on the same library.
  closed = await startServer({ VITRINE_DELIVERY: 'private' }, open.data)
  none = await startServer({ VITRINE_DELIVERY: 'off' }, open.data)
  owner = await signIn(open)
  guest = new Client(open.url)
  photoBytes = await makePhonePhoto({ width: 2600, height: 1300 })
  photo = (await owner.add('Été "1"', [], photoBytes)).body.media
})
afterAll(async () => {
  for (const server of [open, closed, none]) {
    expect(server.log()).not.toContain('"level":50')
    expect(await server.stop()).toBe(0)
  }
})

const pathsOf = ({ id, urls }: MediaItem) => ({
  'scaled by default': `/media/image/${id}`,
  'scaled by id': `/media/image/${id}/scaled`,
  'high by id': `/media/image/${id}/high`,
  'scaled for good': urls.scaled,
  'high for good': urls.high,
})
const KINDS = [
  'scaled by default',
  'scaled by id',
  'high by id',
  'scaled for good',
  'high for good',
] as const

describe.each(KINDS)('an image shown %s', (kind) => {
  const isHigh = kind.startsWith('high')
  const cacheControl = kind.endsWith('for good')
    ? 'public, max-age=31536000, immutable'
    : 'no-cache'
  const get = (client: Client, headers: Record<string, string> = {}) =>
    client.get(pathsOf(photo)[kind], { headers })

  it('is readable by pages of every site, with every status, if delivery is public, and by none otherwise', async () => {
    const path = pathsOf(photo)[kind]
    const { headers: first } = await get(guest)
    const origin = 'https://elsewhere.example'
    const ask = async (server: Server, init: RequestInit = {}, url = path) => {
      const headers = { origin, ...init.headers }
      const answer = await fetch(server.url + url, { ...init, headers })
      await answer.arrayBuffer()
      const { status } = answer
      const read = (name: string) => answer.headers.get(`access-control-${name}`)
      return { status, origin: read('allow-origin'), credentials: read('allow-credentials') }
    }
    const etag = String(first.get('etag'))
    const toAll = { origin: '*', credentials: null }
    expect(first.get('access-control-allow-origin')).toBe('*')
    expect(await ask(open)).toEqual({ status: 200, ...toAll })
    for (const [status, headers] of [
      [304, { 'if-none-match': etag }],
      [206, { range: 'bytes=0-9' }],
      [416, { range: 'bytes=999999999-' }],
      [412, { 'if-match': '"other"' }],
    ] as const) {
      expect(await ask(open, { headers })).toEqual({ status, ...toAll })
    }
    const missing = kind.endsWith('good') ? `/media/file/none/scaled.webp` : '/media/image/999'
    expect(await ask(open, {}, missing)).toEqual({ status: 404, ...toAll })
    const preflight = {
      method: 'OPTIONS',
      headers: {
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'range',
      },
    }
    expect(await ask(open, preflight)).toEqual({ status: 204, ...toAll })
    expect(await ask(closed)).toEqual({ status: 401, origin: null, credentials: null })
    expect((await ask(closed, preflight)).origin).toBeNull()
  })

  it('is only the pixels, upright and within its maximum size', async () => {
    const { bytes } = await get(guest)
    const metadata = await sharp(bytes).metadata()
    expect(metadata).toMatchObject({
      format: 'webp',
      ...(isHigh ? { width: 1280, height: 2560 } : { width: 200, height: 400 }),
    })
    for (const name of ['exif', 'icc', 'xmp', 'iptc', 'orientation'] as const) {
      expect(metadata[name]).toBe(undefined)
    }
    expect(bytes.includes('Vitrine Test')).toBe(false)
    // The left side of the original, which is red, is at the top.
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
    const [top, bottom] = [data.subarray(0, 3), data.subarray(-info.channels)]
    expect(top[0]).toBeGreaterThan(150)
    expect(top[2]).toBeLessThan(100)
    expect(bottom[0]).toBeLessThan(100)
    expect(bottom[2]).toBeGreaterThan(150)
  })

  it('may be embedded, and has the right caching headers', async () => {
    const { status, headers, bytes } = await get(guest)
    expect(status).toBe(200)
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'image/webp',
      'content-length': String(bytes.length),
      'cache-control': cacheControl,
      'cross-origin-resource-policy': 'cross-origin',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
      etag: etagOf(bytes),
    })
    expect(headers.get('set-cookie')).toBe(null)
  })

  it('supports conditional, range and HEAD requests', async () => {
    const whole = await get(guest)
    const etag = whole.headers.get('etag') ?? ''
    const unchanged = await get(guest, { 'if-none-match': `"other", W/${etag}` })
    expect(unchanged.status).toBe(304)
    expect(unchanged.bytes.length).toBe(0)
    expect(Object.fromEntries(unchanged.headers)).toMatchObject({
      etag,
      'cache-control': cacheControl,
      'cross-origin-resource-policy': 'cross-origin',
    })
    expect((await get(guest, { 'if-none-match': '"other"' })).status).toBe(200)

    const part = await get(guest, { range: 'bytes=10-19' })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toBe(`bytes 10-19/${whole.bytes.length}`)
    expect(part.bytes.equals(whole.bytes.subarray(10, 20))).toBe(true)
    const end = await get(guest, { range: 'bytes=-5', 'if-range': etag })
    expect(end.bytes.equals(whole.bytes.subarray(-5))).toBe(true)
    expect((await get(guest, { range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200)
    expect((await get(guest, { range: `bytes=${whole.bytes.length}-` })).status).toBe(416)

    const head = await guest.request('HEAD', pathsOf(photo)[kind])
    expect(head).toMatchObject({ status: 200, bytes: Buffer.of() })
    expect(head.headers.get('content-length')).toBe(String(whole.bytes.length))
    expect(head.headers.get('etag')).toBe(etag)
  })

  it('requires the permission to view media if delivery is private', async () => {
    const nobody = new Client(closed.url)
    expect(await get(nobody)).toMatchObject({ status: 401, body: { data: 'Unauthorized' } })
    const viewer = await signIn(closed)
    const { status, headers, bytes } = await get(viewer)
    expect(status).toBe(200)
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'private, no-cache',
      'cross-origin-resource-policy': 'same-origin',
      etag: etagOf(bytes),
    })
    const conditions = { 'if-none-match': etagOf(bytes) }
    expect((await get(viewer, conditions)).status).toBe(304)
    expect((await get(nobody, conditions)).status).toBe(401)
  })

  it('is not found if delivery is off', async () => {
    expect(await get(await signIn(none))).toMatchObject({
      status: 404,
      body: { data: 'Not found' },
    })
  })

  it('is not found after its item is deleted, even with a matching ETag', async () => {
    const { media } = (await owner.add('To go', [], await makePng({ seed: 7 }))).body
    const shown = await guest.get(pathsOf(media)[kind])
    expect(shown.status).toBe(200)
    await owner.delete(`/media/delete/${media.id}`)
    for (const condition of ['*', shown.headers.get('etag') ?? '']) {
      const gone = await guest.get(pathsOf(media)[kind], {
        headers: { 'if-none-match': condition },
      })
      expect(gone).toMatchObject({ status: 404, body: { data: 'Media not found', code: 404 } })
      expect(gone.headers.get('cache-control')).toBe('no-store')
      expect(gone.headers.get('etag')).toBe(null)
    }
  })
})

describe('a small image', () => {
  it('is never enlarged', async () => {
    const { media } = (await owner.add('Small', [], await makePng({ width: 30, height: 20 }))).body
    for (const path of Object.values(pathsOf(media))) {
      const { bytes } = await guest.get(path)
      expect(await sharp(bytes).metadata()).toMatchObject({ width: 30, height: 20 })
    }
  })
})

describe('an animation', () => {
  it('moves in high and is still in scaled', async () => {
    const { media } = (await owner.add('Moving', [], await makeAnimatedGif(4))).body
    const scaled = await sharp((await guest.get(media.urls.scaled)).bytes).metadata()
    expect(scaled).toMatchObject({ width: 64, height: 48 })
    expect(scaled.pages ?? 1).toBe(1)
    const high = await sharp((await guest.get(media.urls.high)).bytes).metadata()
    expect(high).toMatchObject({ width: 64, height: 48, pages: 4, loop: 3 })
    expect(high.delay).toEqual([80, 80, 80, 80])
  })
})

describe('an original', () => {
  it('is sent unchanged as a download, with the permission to view media', async () => {
    const path = `/media/original/${photo.id}`
    expect(await guest.get(path)).toMatchObject({ status: 401, body: { data: 'Unauthorized' } })
    for (const server of [open, closed, none]) {
      const { bytes, headers } = await (await signIn(server)).get(path)
      expect(bytes.equals(photoBytes)).toBe(true)
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-type': 'image/jpeg',
        'content-disposition': `attachment; filename="_t_ _1_.jpg"; filename*=UTF-8''%C3%89t%C3%A9%20_1_.jpg`,
        'cache-control': 'private, no-cache',
        'cross-origin-resource-policy': 'same-origin',
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
        etag: etagOf(photoBytes),
      })
    }
    const part = await owner.get(path, { headers: { range: 'bytes=0-1' } })
    expect(part).toMatchObject({ status: 206, bytes: Buffer.from([0xff, 0xd8]) })
  })
})
