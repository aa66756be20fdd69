import { randomUUID } from 'node:crypto'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MediaItem } from '../src/media/item.ts'
import { makeAnimatedGif, makePng, makeTransparentPng } from './fixtures.ts'
import { type Answer, Client, type Server, signIn, startServer } from './harness.ts'
import { keyOf, makeSquares, squareAt } from './squares.ts'

/** Where clients find the server, and never what they say in the header `Host`. */
const PUBLIC = 'https://images.example/museum'
const CONTEXT = 'http://iiif.io/api/image/3/context.json'
const PROFILE = '<http://iiif.io/api/image/3/level2.json>;rel="profile"'

let server: Server
let owner: Client
let guest: Client
let media: MediaItem
/** The base of the image, at the server. */
let base: string

beforeAll(async () => {
  server = await startServer({
    VITRINE_IIIF: 'true',
    VITRINE_PUBLIC_URL: `${PUBLIC}/`,
    VITRINE_BASE_PATH: '/museum/',
  })
  owner = await signIn(server)
  guest = new Client(server.url)
  media = (await owner.add('Squares', [], await makeSquares())).body.media
  base = `/iiif/${keyOf(media)}`
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  expect(await server.stop()).toBe(0)
})

const show = async (path: string, client = guest) => {
  const answer = await client.get(`${base}/${path}`)
  expect([path, answer.status, answer.body]).toEqual([path, 200, undefined])
  return answer
}
const sizeOf = async ({ bytes }: Answer) => {
  const { width, height } = await sharp(bytes).metadata()
  return [width, height]
}

describe('the information of an image', () => {
  it('has everything that a client must know', async () => {
    const { status, headers, bytes } = await guest.get(`${base}/info.json`)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe(`application/ld+json;profile="${CONTEXT}"`)
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('link')).toBe(PROFILE)
    expect(headers.get('vary')).toMatch(/accept/i)
    expect(headers.get('cache-control')).toBe('public, max-age=3600')
    expect(JSON.parse(bytes.toString())).toMatchObject({
      '@context': CONTEXT,
      id: PUBLIC + base,
      type: 'ImageService3',
      protocol: 'http://iiif.io/api/image',
      profile: 'level2',
      width: 1000,
      height: 800,
      sizes: expect.arrayContaining([{ width: 1000, height: 800 }]),
      tiles: [{ width: 512, height: 512, scaleFactors: [1, 2] }],
      extraFormats: ['webp'],
    })
  })

  it('is plain JSON for those who want that, and JSON-LD for all others', async () => {
    const typeFor = async (accept: string) =>
      (await guest.get(`${base}/info.json`, { headers: { accept } })).headers.get('content-type')
    expect(await typeFor('application/json')).toBe('application/json')
    expect(await typeFor('application/ld+json')).toMatch(/^application\/ld\+json;/)
    expect(await typeFor('text/html')).toMatch(/^application\/ld\+json;/)
  })

  it('is told to be the same, by its ETag, and to HEAD', async () => {
    const { headers } = await guest.get(`${base}/info.json`)
    const etag = String(headers.get('etag'))
    const again = await guest.get(`${base}/info.json`, { headers: { 'if-none-match': etag } })
    expect([again.status, again.bytes.length]).toEqual([304, 0])
    const head = await guest.request('HEAD', `${base}/info.json`)
    expect([head.status, head.headers.get('content-length')]).toEqual([
      200,
      headers.get('content-length'),
    ])
    const plain = { accept: 'application/json', 'if-none-match': etag }
    expect((await guest.get(`${base}/info.json`, { headers: plain })).status).toBe(200)
  })

  it('names the public URL, whatever the client says of the host', async () => {
    const answer = await guest.get(`${base}/info.json`, {
      headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example' },
    })
    expect(answer.bytes.toString()).not.toContain('evil')
  })

  it('is where the base URI leads', async () => {
    const { status, headers } = await guest.get(base)
    expect(status).toBe(303)
    const to = new URL(String(headers.get('location')), `${PUBLIC}${base}`)
    expect(to.href).toBe(`${PUBLIC}${base}/info.json`)
    expect(headers.get('access-control-allow-origin')).toBe('*')
  })

  it('lists sizes and implies tiles that are all there', async () => {
    const info = JSON.parse((await guest.get(`${base}/info.json`)).bytes.toString())
    for (const { width, height } of info.sizes) {
      expect(await sizeOf(await show(`full/${width},${height}/0/default.jpg`))).toEqual([
        width,
        height,
      ])
    }
    const [{ width: side, scaleFactors }] = info.tiles
    for (const factor of scaleFactors) {
      for (let x = 0; x < info.width; x += side * factor) {
        for (let y = 0; y < info.height; y += side * factor) {
          const w = Math.min(side * factor, info.width - x)
          const h = Math.min(side * factor, info.height - y)
          const size = [Math.ceil(w / factor), Math.ceil(h / factor)]
          const path = `${x},${y},${w},${h}/${size}/0/default.png`
          expect([path, await sizeOf(await show(path))]).toEqual([path, size])
          await expectSquares(path, { x, y, w, h })
        }
      }
    }
  })
})

/** Checks that an image shows a region of the squares, which is neither turned nor mirrored. */
async function expectSquares(path: string, { x, y, w, h }: Record<'x' | 'y' | 'w' | 'h', number>) {
  const { bytes } = await show(path)
  const [width, height] = await sizeOf({ bytes } as Answer)
  for (let column = Math.ceil(x / 100); column * 100 + 100 <= x + w; column++) {
    for (let row = Math.ceil(y / 100); row * 100 + 100 <= y + h; row++) {
      const across = ((column * 100 + 50 - x) / w) * Number(width)
      const down = ((row * 100 + 50 - y) / h) * Number(height)
      expect([path, column, row, await squareAt(bytes, across, down)]).toEqual([
        path,
        column,
        row,
        `${column},${row}`,
      ])
    }
  }
}

describe('an image request', () => {
  const WHOLE = { x: 0, y: 0, w: 1000, h: 800 }

  it.each([
    ['full/max/0/default.png', [1000, 800], WHOLE],
    ['square/max/0/default.png', [800, 800], { x: 100, y: 0, w: 800, h: 800 }],
    ['113,213,274,174/max/0/default.png', [274, 174], { x: 113, y: 213, w: 274, h: 174 }],
    ['pct:11,12.5,29,50/max/0/default.png', [290, 400], { x: 110, y: 100, w: 290, h: 400 }],
    ['800,600,500,500/max/0/default.png', [200, 200], { x: 800, y: 600, w: 200, h: 200 }],
    ['pct:80,50,50,90/max/0/default.png', [200, 400], { x: 800, y: 400, w: 200, h: 400 }],
    ['full/457,/0/default.png', [457, 366], WHOLE],
    ['full/,457/0/default.png', [571, 457], WHOLE],
    ['full/457,713/0/default.png', [457, 713], WHOLE],
    ['full/pct:57/0/default.png', [570, 456], WHOLE],
    ['full/!500,700/0/default.png', [500, 400], WHOLE],
    ['full/!700,300/0/default.png', [375, 300], WHOLE],
    ['full/!2000,3000/0/default.png', [1000, 800], WHOLE],
    ['full/^457,/0/default.png', [457, 366], WHOLE],
    ['300,500,200,200/83,61/0/default.png', [83, 61], { x: 300, y: 500, w: 200, h: 200 }],
    ['full/max/0/default.jpg', [1000, 800], WHOLE],
    ['full/max/0/color.webp', [1000, 800], WHOLE],
  ])('%s shows that region in that size', async (path, size, region) => {
    expect(await sizeOf(await show(path))).toEqual(size)
    await expectSquares(path, region)
  })

  // What is in the middle of the square at the top left, and of its neighbour to the right.
  it.each([
    ['full/max/0/default.png', [1000, 800], '0,0', '1,0'],
    ['full/max/90/default.png', [800, 1000], '0,7', '0,6'],
    ['full/max/180/default.png', [1000, 800], '9,7', '8,7'],
    ['full/max/270/default.png', [800, 1000], '9,0', '9,1'],
    ['full/max/!0/default.png', [1000, 800], '9,0', '8,0'],
    ['full/max/!90/default.png', [800, 1000], '9,7', '9,6'],
    ['full/max/!180/default.png', [1000, 800], '0,7', '1,7'],
    ['full/max/!270/default.png', [800, 1000], '0,0', '0,1'],
    ['200,300,400,200/max/90/default.png', [200, 400], '2,4', '2,3'],
    ['200,300,400,200/max/!180/default.png', [400, 200], '2,4', '3,4'],
  ])('%s is mirrored and then turned', async (path, size, first, second) => {
    const answer = await show(path)
    expect(await sizeOf(answer)).toEqual(size)
    expect(await squareAt(answer.bytes, 50, 50)).toBe(first)
    expect(await squareAt(answer.bytes, 150, 50)).toBe(second)
  })

  it.each([
    ['jpg', 'image/jpeg', 'jpeg'],
    ['png', 'image/png', 'png'],
    ['webp', 'image/webp', 'webp'],
  ])('has the format %s', async (extension, type, format) => {
    const { headers, bytes } = await show(`full/100,/0/default.${extension}`)
    expect(headers.get('content-type')).toBe(type)
    expect((await sharp(bytes).metadata()).format).toBe(format)
  })

  it('has the quality gray, also for a tile', async () => {
    for (const path of ['full/max/0/gray.png', '0,0,512,512/512,512/0/gray.png']) {
      const { data, info } = await sharp((await show(path)).bytes)
        .toColourspace('srgb')
        .raw()
        .toBuffer({ resolveWithObject: true })
      for (let at = 0; at < data.length; at += info.channels * 101) {
        expect([data[at + 1], data[at + 2]]).toEqual([data[at], data[at]])
      }
    }
    const { channels } = await sharp((await show('full/max/0/color.png')).bytes).stats()
    expect(channels[0]?.mean).not.toBeCloseTo(channels[1]?.mean ?? 0, 0)
  })

  it('has its canonical address beside it, which shows the same', async () => {
    const canonicalOf = async (path: string) => {
      const { headers, bytes } = await show(path)
      const [, uri] = /, <([^>]+)>;rel="canonical"$/.exec(String(headers.get('link'))) ?? []
      expect(headers.get('link')).toContain(PROFILE)
      return { uri, bytes }
    }
    const asked = await canonicalOf('pct:10,0,50,50/%5E!250,900/360/color.jpg')
    expect(asked.uri).toBe(`${PUBLIC}${base}/100,0,500,400/250,200/0/default.jpg`)
    const again = await canonicalOf(String(asked.uri).slice((PUBLIC + base).length + 1))
    expect(again.uri).toBe(asked.uri)
    expect(again.bytes.equals(asked.bytes)).toBe(true)
  })

  it('can be kept for ever, asked for in parts, and told to be the same', async () => {
    const path = `${base}/full/300,/0/default.jpg`
    const { headers, bytes } = await guest.get(path)
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    const etag = String(headers.get('etag'))
    const same = await guest.get(path, { headers: { 'if-none-match': etag } })
    expect([same.status, same.headers.get('etag')]).toEqual([304, etag])
    const part = await guest.get(path, { headers: { range: 'bytes=10-19' } })
    expect([part.status, part.bytes.toString('hex')]).toEqual([
      206,
      bytes.subarray(10, 20).toString('hex'),
    ])
    const head = await guest.request('HEAD', path)
    expect([head.status, head.headers.get('content-length'), head.bytes.length]).toEqual([
      200,
      String(bytes.length),
      0,
    ])
  })

  it('answers the preflights of pages of every site', async () => {
    for (const path of ['', '/info.json', '/full/max/0/default.jpg']) {
      const { status, headers } = await guest.request('OPTIONS', base + path, {
        headers: { origin: 'https://viewer.example', 'access-control-request-method': 'GET' },
      })
      expect([status, headers.get('access-control-allow-origin')]).toEqual([204, '*'])
      expect(headers.get('access-control-allow-credentials')).toBeNull()
    }
  })

  it.each([
    ['a region', 'O2@V;z/max/0/default.jpg', 400],
    ['a region outside of the image', '1000,0,10,10/max/0/default.jpg', 400],
    ['a region without pixels', '0,0,0,10/max/0/default.jpg', 400],
    ['a size', 'full/V;z:%3C8/0/default.jpg', 400],
    ['the size of version 2', 'full/full/0/default.jpg', 400],
    ['a larger size', 'full/1881,1881/0/default.jpg', 400],
    ['a larger width', 'full/1881,/0/default.jpg', 400],
    ['a larger height', 'full/,1881/0/default.jpg', 400],
    ['a larger share', 'full/pct:200/0/default.jpg', 400],
    ['an enlarged size', 'full/%5E1881,1881/0/default.jpg', 501],
    ['an enlarged share', 'full/%5Epct:120/0/default.jpg', 501],
    ['the largest size', 'full/%5Emax/0/default.jpg', 501],
    ['a rotation', 'full/max/2z;V/default.jpg', 400],
    ['a rotation by no right angle', 'full/max/22.5/default.jpg', 400],
    ['a quality', 'full/max/0/=9AbXz.jpg', 400],
    ['the quality bitonal', 'full/max/0/bitonal.jpg', 400],
    ['a format', 'full/max/0/default.Zq9', 400],
    ['the format AVIF where it is off', 'full/max/0/default.avif', 400],
    ['no format', 'full/max/0/default', 400],
  ])('for %s that is not possible is refused', async (_, path, status) => {
    const answer = await guest.get(`${base}/${path}`)
    expect(answer).toMatchObject({
      status,
      body: {
        data: status === 501 ? 'Not implemented' : 'Invalid parameters',
        code: status,
        detail: expect.stringMatching(/^(region|size|rotation|quality|format|The last part) is "/),
      },
    })
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it.each([randomUUID(), 'a%2Fb', '[frob]', '%2E%2E%2F', '%00'])(
    'for the unknown identifier %s finds nothing',
    async (identifier) => {
      for (const rest of ['/full/max/0/default.jpg', '/info.json', '']) {
        expect((await guest.get(`/iiif/${identifier}${rest}`)).status).toBe(404)
      }
    },
  )

  it('finds an identifier with escaped characters', async () => {
    const escaped = `/iiif/${[...keyOf(media)].map((sign) => `%${sign.charCodeAt(0).toString(16)}`).join('')}`
    expect((await guest.get(`${escaped}/full/100,/0/default.jpg`)).status).toBe(200)
  })
})

describe('the original', () => {
  it('shows the first frame of an animation', async () => {
    const { media: item } = (
      await owner.add('Animation', [], await makeAnimatedGif(3, { width: 700, height: 300 }))
    ).body
    for (const rest of ['full/max/0/default.webp', '512,0,188,300/max/0/default.webp']) {
      const { bytes } = await guest.get(`/iiif/${keyOf(item)}/${rest}`)
      expect((await sharp(bytes).metadata()).pages ?? 1).toBe(1)
    }
  })

  it('is white behind its transparency as a JPEG, and stays transparent as a PNG', async () => {
    const { media: item } = (
      await owner.add('Transparent', [], await makeTransparentPng({ width: 700, height: 600 }))
    ).body
    for (const region of ['full', '0,0,512,512']) {
      const at = (extension: string) => `/iiif/${keyOf(item)}/${region}/max/0/default.${extension}`
      expect((await sharp((await guest.get(at('jpg'))).bytes).stats()).isOpaque).toBe(true)
      expect((await sharp((await guest.get(at('png'))).bytes).stats()).isOpaque).toBe(false)
    }
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'with the orientation %i is upright, whole and in tiles',
    async (orientation) => {
      const { media: item } = (
        await owner.add(`Turned ${orientation}`, [], await makeSquares(orientation))
      ).body
      const whole = await guest.get(`/iiif/${keyOf(item)}/full/max/0/default.png`)
      expect(await sizeOf(whole)).toEqual([1000, 800])
      expect(await squareAt(whole.bytes, 250, 50)).toBe('2,0')
      const tile = await guest.get(`/iiif/${keyOf(item)}/512,512,488,288/488,288/0/default.png`)
      expect(await sizeOf(tile)).toEqual([488, 288])
      expect(await squareAt(tile.bytes, 138, 38)).toBe('6,5')
      expect(await squareAt(tile.bytes, 438, 238)).toBe('9,7')
    },
  )
})

describe('tiles', () => {
  it('are the same as cuts of the whole level', async () => {
    const { media: item } = (
      await owner.add('Level', [], await makePng({ width: 2500, height: 1301, seed: 34 }))
    ).body
    const at = `/iiif/${keyOf(item)}`
    const level = (await guest.get(`${at}/full/1250,651/0/default.png`)).bytes
    const tile = (await guest.get(`${at}/1024,0,1024,1024/512,512/0/default.png`)).bytes
    const cut = sharp(level).extract({ left: 512, top: 0, width: 512, height: 512 })
    const [expected, shown] = await Promise.all([
      cut.raw().toBuffer(),
      sharp(tile).raw().toBuffer(),
    ])
    expect(shown.equals(expected)).toBe(true)
  })
})

describe('the IIIF Image API', () => {
  let others: Server[]
  beforeAll(async () => {
    const on = { VITRINE_IIIF: 'true', VITRINE_PUBLIC_URL: PUBLIC, VITRINE_BASE_PATH: '/museum' }
    others = await Promise.all([
      startServer({}, server.data),
      startServer({ ...on, VITRINE_DELIVERY: 'private' }, server.data),
      startServer({ ...on, VITRINE_DELIVERY: 'off' }, server.data),
    ])
  })
  afterAll(async () => {
    for (const each of others) expect(await each.stop()).toBe(0)
  })
  const PATHS = ['', '/info.json', '/full/100,/0/default.jpg', '/x/max/0/default.jpg']

  it('finds nothing where it is off, and where images are not delivered', async () => {
    for (const { url } of [others[0], others[2]].filter((each) => each !== undefined)) {
      for (const path of PATHS) {
        const { status, headers } = await new Client(url).get(base + path)
        expect([path, status]).toEqual([path, 404])
        expect(headers.get('access-control-allow-origin')).toBeNull()
      }
    }
  })

  it('is for callers who may view media where delivery is private', async () => {
    const url = others[1]?.url ?? ''
    const insider = new Client(url)
    insider.cookie = owner.cookie
    for (const [index, path] of PATHS.entries()) {
      expect((await new Client(url).get(base + path)).status).toBe(401)
      const { status, headers } = await insider.get(base + path)
      expect([path, status]).toEqual([path, [303, 200, 200, 400][index]])
      expect(headers.get('access-control-allow-origin')).toBeNull()
      if (status !== 400) expect(headers.get('cache-control')).toBe('private, no-cache')
    }
  })

  it('cannot be on without a public URL', async () => {
    const started = startServer({ VITRINE_IIIF: 'true' })
    await expect(started).rejects.toThrow(
      'VITRINE_IIIF is on; VITRINE_PUBLIC_URL must be set too, to the URL under which clients reach the server',
    )
  })

  it("is there for the page's viewer in any case, by the id of an item, with a session", async () => {
    for (const [index, { url }] of [server, ...others].entries()) {
      const insider = new Client(url)
      insider.cookie = owner.cookie
      const at = `/media/item/${media.id}/iiif`
      for (const path of PATHS) expect((await new Client(url).get(at + path)).status).toBe(401)
      const lead = await insider.get(at)
      expect([lead.status, lead.headers.get('location')]).toEqual([303, 'iiif/info.json'])
      const info = await insider.get(`${at}/info.json`)
      expect(JSON.parse(info.bytes.toString())).toMatchObject({
        id: `${index === 1 ? '' : '/museum'}${at}`,
        width: 1000,
        height: 800,
      })
      const tile = await insider.get(`${at}/512,0,488,512/488,512/0/default.webp`)
      expect(tile.status).toBe(200)
      expect(await squareAt(tile.bytes, 138, 50)).toBe('6,0')
      for (const { headers } of [lead, info, tile]) {
        expect(headers.get('cache-control')).toBe('private, no-cache')
        expect(headers.get('access-control-allow-origin')).toBeNull()
        expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
      }
      expect((await insider.get('/media/item/999/iiif/info.json')).status).toBe(404)
      expect((await insider.get('/media/item/x/iiif/info.json')).status).toBe(404)
    }
  })
})
