import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import type { MediaItem } from '../src/media/item.ts'
import { expectConsistent, expectSettled } from './consistency.ts'
import { makePng } from './fixtures.ts'
import { Client, runCli, type Server, signIn, startServer } from './harness.ts'
import { loseObject } from './library-storage.ts'
import { locateDatabase } from './postgres.ts'

let server: Server
let second: Server
let owner: Client
let guests: Client[]
let seed = 8000

beforeAll(async () => {
  server = await startServer()
  second = await startServer({}, server.data)
  owner = await signIn(server)
  guests = [new Client(server.url), new Client(second.url)]
})
afterAll(async () => {
  expect(await second.stop()).toBe(0)
  expect(await server.stop()).toBe(0)
})

const add = async (client = owner, size = { width: 640, height: 400 }): Promise<MediaItem> =>
  (await client.add('An image', [], await makePng({ ...size, seed: ++seed }))).body.media

async function readRenditions(data = server.data) {
  const database = await openDatabase(await locateDatabase(data))
  try {
    const rows = await database.read
      .selectFrom('renditions')
      .select(['file_id', 'name', 'key', 'size', 'asks'])
      .orderBy('key')
      .execute()
    return rows.filter(({ name }) => name !== 'source')
  } finally {
    await database.close()
  }
}

const ofItem = async ({ id }: MediaItem) => {
  const database = await openDatabase(await locateDatabase(server.data))
  try {
    const { file_id } = await database.read
      .selectFrom('media')
      .select('file_id')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    return (await readRenditions()).filter((row) => row.file_id === file_id)
  } finally {
    await database.close()
  }
}

describe('an image of any size', () => {
  it('is made once, however many ask, at two servers too, and all get the same bytes', async () => {
    const media = await add()
    const paths = [
      `/media/image/${media.id}/w_320.webp`,
      media.urls.template.replace('{width}', '320'),
    ]
    const asking = Array.from({ length: 24 }, (_, index) =>
      guests[index % 2]?.get(paths[(index >> 1) % 2] ?? ''),
    )
    const answers = await Promise.all(asking)
    expect(answers.map((answer) => answer?.status)).toEqual(answers.map(() => 200))
    const [first] = answers
    for (const answer of answers) expect(answer?.bytes).toEqual(first?.bytes)
    const { width, height, format } = await sharp(first?.bytes).metadata()
    expect({ width, height, format }).toEqual({ width: 320, height: 200, format: 'webp' })
    expect(await ofItem(media)).toHaveLength(1)
    await expectSettled(server.data)
  })

  it('has the format of its address', async () => {
    const media = await add()
    for (const [extension, format] of [
      ['jpg', 'jpeg'],
      ['png', 'png'],
      ['webp', 'webp'],
    ] as const) {
      const answer = await guests[0]?.get(`/media/image/${media.id}/w_160,ar_1-1.${extension}`)
      expect(answer?.headers.get('content-type')).toBe(`image/${format}`)
      const { width, height, ...found } = await sharp(answer?.bytes).metadata()
      expect([width, height, found.format]).toEqual([160, 160, format])
    }
  })

  it('is stored once for all widths above that of the original', async () => {
    const media = await add(owner, { width: 100, height: 50 })
    for (const width of [160, 800, 3840]) {
      const { status, bytes } = await owner.get(`/media/image/${media.id}/w_${width}.webp`)
      expect(status).toBe(200)
      expect((await sharp(bytes).metadata()).width).toBe(100)
    }
    expect(await ofItem(media)).toHaveLength(1)
  })

  it('is cut at the focus', async () => {
    // Red on the left, blue on the right.
    const half = { width: 300, height: 300, channels: 3 as const }
    const blue = await sharp({ create: { ...half, background: '#0000ff' } })
      .png()
      .toBuffer()
    const image = await sharp({ create: { ...half, width: 600, background: '#ff0000' } })
      .composite([{ input: blue, left: 300, top: 0 }])
      .png()
      .toBuffer()
    const { id } = (await owner.add('Two halves', [], image)).body.media
    const colourAt = async (x: number) => {
      await owner.request('PATCH', `/media/item/${id}`, { json: { focus: { x, y: 0.5 } } })
      const { bytes } = await owner.get(`/media/image/${id}/w_240,ar_1-1.png`)
      // The middle: at the edges the other half may shine through.
      const middle = { left: 120, top: 120, width: 1, height: 1 }
      return [...(await sharp(bytes).extract(middle).raw().toBuffer()).subarray(0, 3)]
    }
    expect(await colourAt(0.1)).toEqual([255, 0, 0])
    expect(await colourAt(0.9)).toEqual([0, 0, 255])
  })

  it('is made from an intermediate image, if the original is slow to decode', async () => {
    const photo = await sharp(await makePng({ width: 64, height: 48, seed: ++seed }))
      .resize(2400, 1800, { kernel: 'cubic' })
      .png()
      .toBuffer()
    const { media } = (await owner.add('Slow', [], photo)).body
    const source = async () => {
      const database = await openDatabase(await locateDatabase(server.data))
      const rows = await database.read
        .selectFrom('renditions')
        .select(['key', 'width', 'height'])
        .where('name', '=', 'source')
        .execute()
      await database.close()
      return rows
    }
    expect(await source()).toEqual([])
    const path = (width: number) => `/media/image/${media.id}/w_${width}.webp`
    expect((await owner.get(path(800))).status).toBe(200)
    const [intermediate] = await source()
    expect(intermediate).toMatchObject({ width: 2400, height: 1800 })
    // What is made from it shows the same as what is made from the original.
    const small = (await owner.get(path(400))).bytes
    const wanted = await sharp(photo).resize(400).raw().toBuffer()
    const shown = await sharp(small).raw().toBuffer()
    let difference = 0
    for (const [index, value] of wanted.entries())
      difference += Math.abs(value - (shown[index] ?? 0))
    expect(difference / wanted.length).toBeLessThan(3)
    // Without it, the original is used.
    await loseObject(server.data, intermediate?.key ?? '')
    expect((await owner.get(path(320))).status).toBe(200)
    expect((await runCli(server.data, ['doctor', '--repair'])).stdout).toContain('Removed it.')
    expect(await source()).toEqual([])
    await expectSettled(server.data)
  })

  it('is made again after its object was lost, and goes with its item', async () => {
    const media = await add()
    const path = `/media/image/${media.id}/w_240.webp`
    const before = await owner.get(path)
    const [row] = await ofItem(media)
    await loseObject(server.data, row?.key ?? '')
    const found = await runCli(server.data, ['doctor', '--repair'])
    expect(found.stdout).toMatch(/The image .* is missing .*Repaired: Removed it\./)
    const again = await owner.get(path)
    expect([again.status, again.bytes]).toEqual([200, before.bytes])
    expect((await owner.delete(`/media/delete/${media.id}`)).status).toBe(200)
    expect((await owner.get(path)).status).toBe(404)
    await expectSettled(server.data)
  })

  it('stays within the limit of storage, and what was asked for once goes first', async () => {
    const limit = 600_000
    const settings = { VITRINE_VARIANT_BYTES: String(limit) }
    const small = await startServer(settings)
    onTestFinished(() => small.kill())
    const client = await signIn(small)
    const media = await add(client, { width: 1000, height: 700 })
    const wanted = `/media/image/${media.id}/w_80.webp`
    const first = await client.get(wanted)
    // A second request, of another process, so that it is noted when that ends.
    const other = await startServer(settings, small.data)
    expect((await new Client(other.url).get(wanted)).status).toBe(200)
    expect(await other.stop()).toBe(0)
    const sum = async () =>
      (await readRenditions(small.data)).reduce((bytes, { size }) => bytes + size, 0)
    for (const ratio of ['1-1', '4-3', '3-4', '16-9', '9-16', '2-1']) {
      for (const width of [160, 240]) {
        const path = `/media/image/${media.id}/w_${width},ar_${ratio}.png`
        expect((await client.get(path)).status).toBe(200)
        expect(await sum()).toBeLessThanOrEqual(limit * 1.01)
      }
    }
    const kept = await readRenditions(small.data)
    expect(kept.find(({ asks }) => asks === 2)).toBeDefined()
    expect((await client.get(wanted)).bytes).toEqual(first.bytes)
    expect(await small.stop()).toBe(0)
    await expectConsistent(small.data)
  })
})
