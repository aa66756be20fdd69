import { Value } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type HeifItem, ispe, makeHeic, pictureOf } from '../src/images/decoder/heic.fixture.ts'
import { MediaItem } from '../src/media/item.ts'
import { MediaList } from '../src/media/list/list-route.ts'
import { expectConsistent } from './consistency.ts'
import * as fixtures from './fixtures.ts'
import { type Client, type RequestOptions, type Server, signIn, startServer } from './harness.ts'
import { onS3 } from './library-storage.ts'

const { makeJpeg, makePng } = fixtures

let server: Server
let client: Client
beforeAll(async () => {
  server = await startServer()
  client = await signIn(server)
})
afterAll(async () => {
  expect(await server.stop()).toBe(0)
})

let seed = 0
/** Returns an image with bytes of its own, whose base64 ends in padding. */
async function newImage(): Promise<Buffer> {
  const image = await makePng({ width: 40, height: 30, seed: ++seed })
  return image.length % 3 === 1 ? image : newImage()
}

const add = (options: RequestOptions) => client.request('POST', '/media/add', options)
const json = (body: string): RequestOptions => ({
  body,
  headers: { 'content-type': 'application/json' },
})

type Part = [name: string, value: string | Buffer]
function form(...parts: Part[]): RequestOptions {
  const body = new FormData()
  for (const [name, value] of parts) {
    if (typeof value === 'string') body.append(name, value)
    else body.append(name, new Blob([new Uint8Array(value)]), 'whatever.txt')
  }
  return { body }
}

const asJson = (image: string) => ({ json: { name: 'A name', tags: ['a', 'b'], image } })
const name: Part = ['name', ' A name ']
const tags: Part[] = [
  ['tags', 'a'],
  ['tags', 'b,a'],
]

const ways: [string, (image: Buffer, base64: string) => RequestOptions][] = [
  ['base64', (_, base64) => asJson(base64)],
  ['base64 without padding', (_, base64) => asJson(base64.replace(/=+$/, ''))],
  ['URL-safe base64', (image) => asJson(image.toString('base64url'))],
  ['base64 in lines', (_, base64) => asJson(base64.replace(/.{76}/g, '$&\r\n'))],
  ['a data URL', (_, base64) => asJson(`data:image/png;base64,${base64}`)],
  ['a data URL that lies', (_, base64) => asJson(`data:text/html;charset=utf-8;base64,${base64}`)],
  [
    'JSON with escapes',
    (_, base64) =>
      json(
        `{"name":"A\\u0020name","tags":["a","b"],"im\\u0061ge":"${base64
          .replaceAll('/', '\\/')
          .replaceAll('=', '\\u003d')
          .replaceAll('A', '\\u0041')}"}`,
      ),
  ],
  [
    'JSON with the image first',
    (_, base64) => json(`{ "image" : "${base64}" , "tags" : "a, b", "name":"A name" }`),
  ],
  ['a form', (image) => form(name, ...tags, ['image', image])],
  ['a form with the image first', (image) => form(['image', image], ...tags, name)],
  ['a form with the image in between', (image) => form(...tags, ['image', image], name)],
  ['a form with more fields', (image) => form(['x', 'y'], name, ['tags', 'a,b'], ['image', image])],
]

describe('an image that is added', () => {
  it.each(ways)('as %s is stored byte for byte', async (_, options) => {
    const image = await newImage()
    const answer = await add(options(image, image.toString('base64')))
    expect(answer.body).toMatchObject({
      data: 'Media added successfully',
      code: 200,
      media: { name: 'A name', tags: ['a', 'b'], size: image.length, type: 'image/png' },
    })
    const { bytes } = await client.get(`/media/original/${answer.body.media.id}`)
    expect(bytes.equals(image)).toBe(true)
  })

  it('is the same in responses and lists, before and after an edit, and matches the schema', async () => {
    const { body } = await client.add('Mine', ['x'], await newImage())
    expect(Object.keys(body)).toEqual(['data', 'code', 'media'])
    const listed = async () => (await client.list('?limit=1')).body
    expect((await listed()).media).toEqual([body.media])
    expect(Value.Errors(MediaList, await listed())).toEqual([])

    const edited = await client.post(`/media/edit/${body.media.id}`, { name: 'Yours', tags: 'y,z' })
    expect(Object.keys(edited.body)).toEqual(['data', 'code', 'media'])
    const { changedAt } = edited.body.media
    expect(changedAt >= body.media.changedAt).toBe(true)
    const changed = { name: 'Yours', tags: ['y', 'z'], revision: 2, changedAt }
    expect(edited.body.media).toEqual({ ...body.media, ...changed })
    expect((await listed()).media).toEqual([edited.body.media])
    expect(Value.Errors(MediaItem, edited.body.media)).toEqual([])
  })

  it('has a later id and time than every earlier item, even after a delete', async () => {
    const first = (await client.add('1', [], await newImage())).body.media
    await client.delete(`/media/delete/${first.id}`)
    const second = (await client.add('2', [], await newImage())).body.media
    expect(second.id).toBeGreaterThan(first.id)
    expect(second.timestamp >= first.timestamp).toBe(true)
    expect(new Date(second.timestamp).toISOString()).toBe(second.timestamp)
  })

  it.each([
    ['JPEG', 'jpeg', 'jpg', makeJpeg, 64, 48],
    ['progressive JPEG', 'jpeg', 'jpg', fixtures.makeProgressiveJpeg, 64, 48],
    ['CMYK JPEG', 'jpeg', 'jpg', fixtures.makeCmykJpeg, 64, 48],
    ['JPEG that lies on its side', 'jpeg', 'jpg', fixtures.makePhonePhoto, 48, 64],
    ['PNG', 'png', 'png', makePng, 64, 48],
    ['transparent PNG', 'png', 'png', fixtures.makeTransparentPng, 64, 48],
    ['PNG of 16 bits', 'png', 'png', fixtures.makeDeepPng, 64, 48],
    ['animated PNG', 'png', 'png', fixtures.makeAnimatedPng, 64, 48],
    ['WebP', 'webp', 'webp', fixtures.makeWebp, 64, 48],
    ['animated WebP', 'webp', 'webp', fixtures.makeAnimatedWebp, 64, 48],
    ['GIF', 'gif', 'gif', fixtures.makeGif, 64, 48],
    ['animated GIF', 'gif', 'gif', fixtures.makeAnimatedGif, 64, 48],
    ['AVIF', 'avif', 'avif', fixtures.makeAvif, 64, 48],
    ['animated AVIF', 'avif', 'avif', () => fixtures.readFixture('red-green-blue.avif'), 64, 48],
    ['HEIC', 'heic', 'heic', () => fixtures.readFixture('quarters.heic'), 64, 48],
    ['TIFF', 'tiff', 'tif', fixtures.makeTiff, 64, 48],
    ['SVG', 'svg+xml', 'svg', fixtures.makeDrawing, 3840, 2880],
    ['JPEG XL', 'jxl', 'jxl', () => fixtures.readFixture('quarters.jxl'), 64, 48],
    ['BMP', 'bmp', 'bmp', fixtures.makeBmp, 64, 48],
  ])('may be a %s', async (_, type, extension, make, width, height) => {
    const { body } = await client.add('An image', [], await make())
    expect(body.media).toMatchObject({ type: `image/${type}`, width, height })
    expect(body.media.path).toMatch(
      new RegExp(`^originals/[0-9a-f]{3}/[0-9a-f]{32}\\.${extension}$`),
    )
    expect(body.media.color).toMatch(/^#[0-9a-f]{6}$/)
  })
})

describe('a file of which not all is shown', () => {
  const { data, configuration } = pictureOf('quarters.heic')
  const picture: HeifItem = { type: 'hvc1', data, properties: [configuration, ispe(64, 64)] }
  const more = ['The file holds an animation or more images. Only its main image is shown.']

  it.each([
    [
      'TIFF of two pages',
      fixtures.makeTiffOfPages,
      ['The file has 2 pages. Only the first one is shown.'],
    ],
    ['HEIC of two images', () => makeHeic([picture, picture], 1), more],
    ['JPEG XL of three frames', () => fixtures.readFixture('three-frames.jxl'), more],
  ])('is added with a warning: %s', async (_, make, warnings) => {
    const image = await make()
    const first = (await client.add('First', [], image)).body
    expect(first).toMatchObject({ code: 200, warnings })
    expect(first).not.toHaveProperty('duplicates')
    // The bytes are not decoded again.
    const second = (await client.add('Second', [], image)).body
    expect(second).toMatchObject({ code: 200, warnings, duplicates: [first.media.id] })
  })

  it('is none if it is one image, or an animation that is shown', async () => {
    for (const image of [
      fixtures.readFixture('quarters.heic'),
      fixtures.readFixture('quarters.jxl'),
      fixtures.readFixture('red-green-blue.avif'),
      await fixtures.makeTiff(),
      await fixtures.makeAnimatedGif(),
    ]) {
      expect((await client.add('Whole', [], image)).body).not.toHaveProperty('warnings')
    }
  })
})

describe('an SVG', () => {
  it('is public as pixels alone; the drawing itself is a download for those who may see originals', async () => {
    const drawing = fixtures.makeSvg()
    const { media } = (await client.add('A drawing', [], drawing)).body
    for (const url of [media.urls.scaled, media.urls.template.replace('{width}', '320')]) {
      const { status, headers } = await client.get(url)
      expect([status, headers.get('content-type')]).toEqual([200, 'image/webp'])
    }
    const svg = media.urls.template.replace('{width}.webp', '320.svg')
    expect((await client.get(svg)).status).toBe(400)
    expect((await fetch(`${server.url}/media/original/${media.id}`)).status).toBe(401)
    const { bytes, headers } = await client.get(`/media/original/${media.id}`)
    expect(bytes.equals(drawing)).toBe(true)
    expect(headers.get('content-type')).toBe('image/svg+xml')
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="A drawing.svg"/)
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
  })
})

describe('the same bytes', () => {
  const countStored = async () => Object.keys((await expectConsistent(server.data)).stored).length

  it('are stored once, and stay until the last item that shows them is deleted', async () => {
    const image = await newImage()
    const before = await countStored()
    const first = (await client.add('First', [], image)).body
    const second = (await client.add('Second', [], image)).body
    const third = (await client.add('Third', [], image)).body
    expect(second.duplicates).toEqual([first.media.id])
    expect(third.duplicates).toEqual([first.media.id, second.media.id])
    expect(third.media).toMatchObject({ path: first.media.path, urls: first.media.urls })
    expect(await countStored()).toBe(before + 2)
    for (const { media } of [first, third]) await client.delete(`/media/delete/${media.id}`)
    const { bytes } = await client.get(`/media/original/${second.media.id}`)
    expect(bytes.equals(image)).toBe(true)
    expect((await client.get(second.media.urls.scaled)).status).toBe(200)
    await client.delete(`/media/delete/${second.media.id}`)
    expect(await countStored()).toBe(before)
  })

  it('are stored once when several clients add them at once', async () => {
    const image = await newImage()
    const before = await countStored()
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => client.add('At once', [], image)),
    )
    expect(answers.map(({ status }) => status)).toEqual(new Array(6).fill(200))
    expect(new Set(answers.map(({ body }) => body.media.id)).size).toBe(6)
    expect(new Set(answers.map(({ body }) => body.media.path)).size).toBe(1)
    expect(await countStored()).toBe(before + 2)
  })

  it('stay whole when they are added while their last item is deleted', async () => {
    const image = await newImage()
    let { media } = (await client.add('First', [], image)).body
    // test/instances.test.ts has the same with two instances and a bucket.
    for (let round = 0; round < (onS3 ? 6 : 25); round++) {
      const [deleted, added] = await Promise.all([
        client.delete(`/media/delete/${media.id}`),
        client.add('Next', [], image),
      ])
      expect([deleted.status, added.status]).toEqual([200, 200])
      media = added.body.media
      const original = await client.get(`/media/original/${media.id}`)
      expect(original.bytes.equals(image)).toBe(true)
      expect((await client.get(media.urls.scaled)).status).toBe(200)
    }
    await expectConsistent(server.data)
  })
})

describe('many images at once', () => {
  it('are all added, with ids and times in the same order', async () => {
    const images = await Promise.all(Array.from({ length: 20 }, newImage))
    const answers = await Promise.all(images.map((image) => client.add('One of many', [], image)))
    expect(answers.map(({ status }) => status)).toEqual(new Array(20).fill(200))
    const { media } = (await client.list('?order=added-asc')).body
    expect(media.map(({ id }) => id)).toEqual(media.map(({ id }) => id).toSorted((a, b) => a - b))
    const times = media.map(({ timestamp }) => timestamp)
    expect(times).toEqual(times.toSorted())
    const { media: ids } = await expectConsistent(server.data)
    expect(ids).toEqual(media.map(({ id }) => id))
  })
})

describe('a file that is not an acceptable image', () => {
  const refusals: [string, () => Promise<Buffer> | Buffer, RegExp][] = [
    ['text', () => Buffer.from('just text'), /text\/plain.*JPEG, PNG, WebP, GIF/],
    ['HTML', fixtures.makeHtml, /text\/html/],
    ['a damaged SVG', () => fixtures.makeDrawing().subarray(0, -9), /SVG drawing cannot be drawn/],
    ['half a TIFF', async () => fixtures.cutShort(await fixtures.makeTiff()), /TIFF image/],
    ['a HEIC without an image', fixtures.makeHeicHeader, /HEIC image is damaged/],
    ['an animated AVIF without frames', fixtures.makeAnimatedAvifHeader, /AVIF image is damaged/],
    ['random bytes', () => Buffer.alloc(100, 0x9c), /no known format/],
    [
      'a JPEG that is cut short',
      async () => fixtures.cutShort(await makeJpeg()),
      /damaged|cut short/,
    ],
    ['a spoilt JPEG', async () => fixtures.spoilEnd(await makeJpeg()), /damaged|cut short/],
    [
      'a PNG that is cut short',
      async () => fixtures.cutShort(await makePng()),
      /damaged|cut short/,
    ],
    ['a GIF of 40,000 frames', () => fixtures.makeGifBomb(), /40000 frames.*1000/],
    ['a PNG of 41 bytes', () => fixtures.makeClaimingPng(), /./],
    [
      'a PNG that claims too much',
      () => fixtures.makeClaimingPng(100_000, 100_000),
      /100000 x 100000/,
    ],
  ]

  // What earlier tests have deleted is removed a moment later.
  beforeAll(async () => {
    const isSwept = async () => (await expectConsistent(server.data)).journal.length === 0
    await vi.waitUntil(isSwept, { timeout: 10_000 })
  })

  it.each(refusals)('is refused with the reason: %s', async (_, make, reason) => {
    const before = await expectConsistent(server.data)
    const { status, body } = await client.add('A name', [], await make())
    expect({ status, ...body }).toEqual({
      status: 500,
      data: 'Error adding media',
      code: 500,
      detail: expect.stringMatching(reason),
      error: 'image-refused',
    })
    // A sentence for people that reveals nothing about the machine.
    expect(body.detail).toMatch(/^[A-Z].*\.$/s)
    expect(body.detail).not.toMatch(/vips|sharp|\/tmp|work-|undefined/i)
    expect(await expectConsistent(server.data)).toEqual(before)
  })

  it('is logged as a refusal, not as an error', () => {
    expect(server.log()).toContain('image-refused')
    expect(server.log()).not.toContain('"level":50')
  })
})
