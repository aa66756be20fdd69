import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DetailedItem } from '../src/media/item.ts'
import { findExiftool, startExiftool } from './exiftool.ts'
import { makeAvif, makeJpeg, makePhonePhoto, makePng, makeTalkingPhoto } from './fixtures.ts'
import { type Client, runCli, type Server, signIn, startServer } from './harness.ts'
import { folder, put, renewFolder, runImport } from './import-steps.ts'
import { locateDatabase } from './postgres.ts'

let server: Server
let client: Client
beforeAll(async () => {
  server = await startServer()
  client = await signIn(server)
})
afterAll(async () => {
  expect(await runCli(server.data, ['doctor'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('nothing found'),
  })
  expect(server.log()).not.toContain('"level":50')
  expect(await server.stop()).toBe(0)
})

let seed = 9000
const SAID = {
  alt: 'Ein Boot & ein Steg',
  description: 'From XMP',
  credit: 'Dora',
  copyright: '© Dora',
  source: null,
  rating: 4,
  takenAt: '2023-12-31T23:59:58-03:30',
}
const FACTS = {
  exif: { make: 'Canon', model: 'Canon EOS R5', exposureTime: 0.005, fNumber: 2.8 },
  location: { lat: -33.8568, lon: 151.2153 },
}

async function add(image: Uint8Array, members: object = {}): Promise<number> {
  const json = { name: 'An item', tags: ['Own'], image: Buffer.from(image).toString('base64') }
  const { status, body } = await client.post('/media/add', { ...json, ...members })
  expect({ status, body }).toMatchObject({ status: 200 })
  return body.media.id
}

const show = async (id: number) =>
  (await client.request<{ media: DetailedItem }>('GET', `/media/item/${id}`)).body.media

const idsOf = async (query: string) =>
  (await client.list(`?order=added-asc&${query}`)).body.media.map(({ id }) => id)

/** As a library of an earlier version, which knew nothing of what files say. */
async function forget(...ids: number[]): Promise<void> {
  const list = ids.join()
  const statements = [
    `UPDATE files SET said = NULL, reveals = NULL WHERE id IN (SELECT file_id FROM media WHERE id IN (${list}))`,
    `UPDATE media SET alt = NULL, description = NULL, credit = NULL, copyright = NULL, rating = 0,
       taken_at = NULL, location = NULL, exif = NULL WHERE id IN (${list})`,
  ]
  const location = await locateDatabase(server.data)
  if (typeof location === 'string') {
    const database = new DatabaseSync(location, { timeout: 10_000 })
    for (const statement of statements) database.exec(statement)
    database.close()
  } else {
    const database = new pg.Client(location.url)
    await database.connect()
    for (const statement of statements) await database.query(statement)
    await database.end()
  }
  // What is derived follows from the items.
  expect(await runCli(server.data, ['doctor', '--repair', '--quick'])).toMatchObject({ code: 0 })
}

describe('what a file says of itself', () => {
  it('is what the request does not say', async () => {
    const image = await makeTalkingPhoto({ seed: ++seed })
    const silent = await show(await add(image))
    expect(silent).toMatchObject({ ...SAID, ...FACTS, tags: ['Own'], focus: null })
    const own = {
      alt: '',
      description: null,
      credit: 'Me',
      rating: 1,
      takenAt: '2020-01-01T00:00:00',
    }
    // Bytes that the library has already are not decoded again.
    const spoken = await show(await add(image, own))
    expect(spoken).toMatchObject({ ...SAID, ...own, ...FACTS })
    const [listed] = (await client.list(`?search=Steg&limit=1`)).body.media
    expect(listed).toMatchObject({ alt: SAID.alt })
    expect(listed).not.toHaveProperty('exif')
    expect(listed).not.toHaveProperty('location')
  })

  it('becomes tags if the request wants that', async () => {
    const image = await makeTalkingPhoto({ seed: ++seed })
    expect((await show(await add(image, { keywords: true }))).tags).toEqual(['Own', 'Sea', 'boat'])
    expect((await show(await add(image, { keywords: false }))).tags).toEqual(['Own'])
    expect((await show(await add(image, { keywords: null }))).tags).toEqual(['Own'])
    const form = new FormData()
    for (const [name, value] of [
      ['name', 'x'],
      ['tags', '[]'],
      ['keywords', 'true'],
    ] as const) {
      form.set(name, value)
    }
    form.set('image', new Blob([new Uint8Array(image)]), 'x.jpg')
    const { body } = await client.request('POST', '/media/add', { body: form })
    expect(body.media.tags).toEqual(['Sea', 'boat'])
    for (const keywords of ['true', 1, {}]) {
      const json = { name: 'x', tags: [], image: image.toString('base64'), keywords }
      expect(await client.post('/media/add', json)).toMatchObject({
        status: 400,
        body: { data: 'Invalid parameters', detail: expect.stringContaining('true or false') },
      })
    }
  })

  it('is found by filters and searches', async () => {
    const talking = await add(await makeTalkingPhoto({ seed: ++seed }))
    const plain = await add(await makeJpeg({ seed: ++seed }))
    for (const query of [
      'has=location',
      'taken=2023-12-31',
      'has=alt,rating',
      'reveals=position',
      'reveals=serial,position',
      'search=dora',
    ]) {
      const ids = await idsOf(query)
      expect(ids, query).toContain(talking)
      expect(ids, query).not.toContain(plain)
    }
    expect(await idsOf('reveals=faces')).toEqual([])
    expect((await client.get('/media?reveals=all')).status).toBe(400)
    expect((await client.get('/media?reveals=')).status).toBe(200)
  })

  it('stays with the item when its file is replaced, but for place and camera', async () => {
    const id = await add(await makeTalkingPhoto({ seed: ++seed }), { credit: null })
    const replace = async (image: Uint8Array) => {
      const json = { image: Buffer.from(image).toString('base64') }
      expect((await client.post(`/media/replace/${id}`, json)).status).toBe(200)
      return show(id)
    }
    expect(await idsOf('reveals=serial')).toContain(id)
    expect(await replace(await makeJpeg({ seed: ++seed }))).toMatchObject({
      ...SAID,
      credit: null,
      exif: null,
      location: null,
    })
    expect(await idsOf('reveals=serial')).not.toContain(id)
    const phone = await replace(await makePhonePhoto({ seed: ++seed }))
    expect(phone).toMatchObject({ exif: { make: 'Vitrine Test' }, location: { lat: 48.858333 } })
    await client.post(`/media/item/${id}/versions/1/restore`, undefined)
    expect(await show(id)).toMatchObject({ ...SAID, credit: null, ...FACTS })
    expect(await idsOf('reveals=serial')).toContain(id)
  })

  it('does not keep an image out that cannot say it', async () => {
    const { data, info } = await sharp(await makeJpeg({ seed: ++seed }))
      .withXmp('<!DOCTYPE x [<!ENTITY e "boat">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&e;')
      .toBuffer({ resolveWithObject: true })
    expect(await show(await add(data))).toMatchObject({ alt: null, exif: null, width: info.width })
  })

  it('is in no image that is shown', async () => {
    const { urls, id } = await show(await add(await makeTalkingPhoto({ seed: ++seed })))
    const paths = [
      urls.scaled,
      urls.high,
      `/media/image/${id}/w_640.jpg`,
      `/media/image/${id}/w_640.png`,
    ]
    for (const path of paths) {
      const { status, bytes } = await client.get(path)
      expect(status).toBe(200)
      for (const text of ['Canon', 'From XMP', 'Dora', '0123456', 'Exif\0', 'xmpmeta']) {
        expect(bytes.includes(text), `${path}: ${text}`).toBe(false)
      }
    }
  })

  it('is imported with its keywords', async () => {
    renewFolder()
    await put('folder/talk.jpg', await makeTalkingPhoto({ seed: ++seed }))
    await runImport(server.data)
    const [item] = (await client.list('?tag=folder')).body.media
    expect(item).toMatchObject({ ...SAID, tags: ['folder', 'Sea', 'boat'] })
  })

  it.skipIf(!findExiftool())(
    'is what the sidecars of a photographer say, and then the file',
    async () => {
      renewFolder()
      const exiftool = startExiftool()
      const pair = async (image: string, sidecar: string, ...tags: string[]) => {
        await put(image, await makeTalkingPhoto({ seed: ++seed }))
        await exiftool.writeSidecar(join(folder, image), join(folder, sidecar))
        await exiftool.write(join(folder, sidecar), tags)
      }
      const own = [
        '-XMP-dc:Description=From a sidecar',
        '-XMP-dc:Subject=Cliff',
        '-XMP-dc:Subject=Fog',
      ]
      await pair('p/lightroom.jpg', 'p/lightroom.xmp', ...own, '-XMP-xmp:Rating=5')
      await put('p/lightroom.CR2', Buffer.from('II*\0no raw image of ours'))
      await pair('p/darktable.jpg', 'p/darktable.jpg.xmp', ...own, '-XMP-exif:GPSLatitude=1.5')
      await put('p/darktable.xmp', Buffer.from('not of this one'))
      await pair('p/capitals.jpg', 'p/capitals.XMP', ...own, '-XMP-tiff:Model=Another')
      await put('p/plain.png', await makePng({ seed: ++seed }))
      await exiftool.write(join(folder, 'p/plain.xmp'), [
        '-XMP-dc:Creator=Eve',
        '-XMP-dc:Rights=© Eve',
      ])
      await exiftool.write(join(folder, 'p/lone.xmp'), own)
      await put('p/broken.jpg', await makeTalkingPhoto({ seed: ++seed }))
      await put('p/broken.xmp', Buffer.from('<x:xmpmeta><rdf:RDF >'))
      await put('p/huge.jpg', await makeTalkingPhoto({ seed: ++seed }))
      await put('p/huge.xmp', Buffer.alloc(600 * 1024, ' '))
      const told = await exiftool.read(join(folder, 'p/darktable.jpg.xmp'))
      await exiftool.stop()

      const { code, counts, lines } = await runImport(server.data)
      const path = (name: string) => join(folder, 'p', name)
      expect(lines.sort()).toEqual([
        expect.stringContaining(`refused  ${path('lightroom.CR2')}: `),
        `unread  ${path('broken.xmp')}: It is damaged, or has a document type. Its image was added without it.`,
        `unread  ${path('huge.xmp')}: It has 614400 bytes; at most 524288 are read. Its image was added without it.`,
      ])
      expect({ code, counts }).toEqual({
        code: 1,
        counts: '6 added, 0 already there, 1 refused, 0 failed, 2 without their sidecars',
      })
      const items = new Map(
        (await client.list('?tag=p')).body.media.map(({ name, id }) => [name, id]),
      )
      const shown = (name: string) => show(items.get(name) ?? 0)
      const described = { ...SAID, description: 'From a sidecar', tags: ['p', 'Cliff', 'Fog'] }
      expect(await shown('lightroom')).toMatchObject({ ...described, ...FACTS, rating: 5 })
      expect(await shown('darktable')).toMatchObject({
        ...described,
        location: { lat: told['XMP-exif:GPSLatitude'], lon: FACTS.location.lon },
      })
      // Of the camera the file knows better.
      expect(await shown('capitals')).toMatchObject({ ...described, ...FACTS })
      expect(await shown('plain')).toMatchObject({ credit: 'Eve', copyright: '© Eve', tags: ['p'] })
      for (const name of ['broken', 'huge']) {
        expect(await shown(name)).toMatchObject({ ...SAID, tags: ['p', 'Sea', 'boat'] })
      }
      const query = 'tag=Fog&has=location&minRating=5'
      expect(await idsOf(query)).toEqual([items.get('lightroom')])

      // A later change of a sidecar changes no item.
      await put('p/plain.xmp', Buffer.from(''))
      expect((await runImport(server.data)).counts).toMatch(/^0 added, 6 already there/)
      expect(await shown('plain')).toMatchObject({ credit: 'Eve', revision: 1 })
    },
  )

  it('is read of files that were added before, and fills what is empty', async () => {
    const images = [await makeTalkingPhoto({ seed: ++seed }), await makeAvif({ seed: ++seed })]
    const [talking = 0, plain = 0] = [
      await add(images[0] ?? Buffer.of()),
      await add(images[1] ?? Buffer.of()),
    ]
    const twin = await add(images[0] ?? Buffer.of())
    await forget(talking, plain, twin)
    await client.request('PATCH', `/media/item/${twin}`, { json: { alt: '', credit: 'Me' } })
    const before = await show(twin)
    expect(before).toMatchObject({ description: null, exif: null, location: null })
    expect((await runCli(server.data, ['doctor', '--privacy'])).stdout).toMatch(
      /^2 originals were never asked/m,
    )

    expect(await runCli(server.data, ['read-metadata'])).toMatchObject({
      code: 0,
      stdout: '2 files read, 2 items filled, 0 cannot be read\n',
    })
    expect(await show(talking)).toMatchObject({ ...SAID, ...FACTS, tags: ['Own'] })
    expect(await show(twin)).toMatchObject({
      ...SAID,
      ...FACTS,
      alt: '',
      credit: 'Me',
      revision: before.revision + 1,
    })
    expect(await idsOf('reveals=position')).toEqual(expect.arrayContaining([talking, twin]))
    expect(await idsOf('taken=2023-12')).toEqual(expect.arrayContaining([talking, twin]))

    const { code, stdout } = await runCli(server.data, ['doctor', '--privacy'])
    expect(code).toBe(0)
    expect(stdout).toContain(
      `The original of item ${talking} "An item", item ${twin} "An item" carries a position, a serial number.`,
    )
    expect(stdout).not.toContain(`item ${plain} `)
    expect(stdout).not.toContain('never asked')
    expect((await runCli(server.data, ['read-metadata'])).stdout).toContain('0 files read')
  })

  it('is read when bytes of an earlier version are added again', async () => {
    const image = await makeTalkingPhoto({ seed: ++seed })
    const earlier = await add(image)
    await forget(earlier)
    expect(await show(await add(image))).toMatchObject({ ...SAID, ...FACTS })
    expect(await show(earlier)).toMatchObject({ alt: null, exif: null })
    expect(await idsOf('reveals=serial')).toContain(earlier)
  })
})
