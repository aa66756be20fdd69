import { Value } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Facets } from '../src/media/list/facets-route.ts'
import { RankedItem } from '../src/media/list/item-route.ts'
import { TagList } from '../src/media/list/tags-route.ts'
import { takeStock } from './consistency.ts'
import { fillLibrary } from './fill-library.ts'
import { makePng } from './fixtures.ts'
import { type Client, makeDataFolder, type Server, signIn, startServer } from './harness.ts'

let server: Server
let client: Client
beforeAll(async () => {
  const data = makeDataFolder()
  await fillLibrary(data, [
    { name: 'One', tags: ['Été', 'new york', 'red'] },
    { name: 'Two', tags: ['red', '東京'] },
    { name: 'Three', tags: ['red', '東京'] },
    ...Array.from({ length: 60 }, (_, index) => ({ name: 'More', tags: [`tag ${index}`] })),
  ])
  server = await startServer({}, data)
  client = await signIn(server)
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  await server.stop()
})

async function readTags(query = '') {
  const { status, body } = await client.request<TagList>('GET', `/media/tags${query}`)
  expect(status).toBe(200)
  expect(Value.Errors(TagList, body)).toEqual([])
  return body
}

const names = ({ tags }: TagList) => tags.map(({ tag }) => tag)

describe('the tags in use', () => {
  it('are listed with their counts, the most used first', async () => {
    const { tags, total } = await readTags()
    expect(tags.slice(0, 4)).toEqual([
      { tag: 'red', count: 3 },
      { tag: '東京', count: 2 },
      { tag: 'new york', count: 1 },
      { tag: 'tag 0', count: 1 },
    ])
    expect({ total, returned: tags.length }).toEqual({ total: 64, returned: 50 })
    expect((await readTags('?limit=1000')).tags).toHaveLength(64)
    expect(await readTags('?limit=1')).toEqual({ tags: tags.slice(0, 1), total: 64 })
    expect(await readTags('?limit=&search=&unknown=1')).toEqual({ tags, total })
  })

  it.each([
    ['ete', ['Été']],
    ['ÉT', ['Été']],
    ['w y', ['new york']],
    [' york ', ['new york']],
    ['york new', []],
    ['京', ['東京']],
    ['tag 5', ['tag 5', ...Array.from({ length: 10 }, (_, index) => `tag 5${index}`)]],
    ['%', []],
  ])('that contain %j', async (search, found) => {
    const list = await readTags(`?${new URLSearchParams({ search })}`)
    expect(names(list)).toEqual(found)
    expect(list.total).toBe(found.length)
  })

  it('change with adds, edits and deletions, and so does their ETag', async () => {
    let etag = ''
    const expectChange = async (tags: Record<string, number>) => {
      const { status, headers, body } = await client.request<TagList>(
        'GET',
        '/media/tags?search=zz',
        { headers: { 'if-none-match': etag } },
      )
      expect(status).toBe(200)
      expect(Object.fromEntries(body.tags.map(({ tag, count }) => [tag, count]))).toEqual(tags)
      etag = headers.get('etag') ?? ''
      expect(headers.get('cache-control')).toBe('private, no-cache')
      const again = await client.get('/media/tags?search=zz', {
        headers: { 'if-none-match': etag },
      })
      expect(again).toMatchObject({ status: 304, bytes: Buffer.of() })
      await takeStock(server.data)
    }
    await expectChange({})
    const image = await makePng()
    const first = (await client.add('Added', 'zz, zza, zz', image)).body.media
    await expectChange({ zz: 1, zza: 1 })
    const second = (await client.add('Added', ['zz'], image)).body.media
    await expectChange({ zz: 2, zza: 1 })
    await client.post(`/media/edit/${first.id}`, { name: 'Edited', tags: ['zzb', 'zz'] })
    await expectChange({ zz: 2, zzb: 1 })
    await client.delete(`/media/delete/${second.id}`)
    await expectChange({ zz: 1, zzb: 1 })
    await client.delete(`/media/delete/${first.id}`)
    await expectChange({})
  })
})

describe('the counts for filters', () => {
  const read = (headers: Record<string, string> = {}) =>
    client.request<Facets>('GET', '/media/facets', { headers })

  it('are those of the whole library, and change with it', async () => {
    const { status, body, headers } = await read()
    expect(status).toBe(200)
    expect(Value.Errors(Facets, body)).toEqual([])
    const total = Number((await client.list('?limit=1')).headers.get('x-total-count'))
    expect(body).toEqual({
      types: { jpeg: total },
      tags: (await readTags('?limit=100')).tags,
      years: {},
      lacks: { alt: total, tags: 0, collection: total },
      trash: 0,
      total,
    })
    const etag = headers.get('etag') ?? ''
    expect(headers.get('cache-control')).toBe('private, no-cache')
    const again = await client.get('/media/facets', { headers: { 'if-none-match': etag } })
    expect(again).toMatchObject({ status: 304, bytes: Buffer.of() })

    const { media } = (await client.add('Added', [], await makePng())).body
    const patch = { alt: '', takenAt: '2026-03-14T15:09:26', tags: ['RED'] }
    await client.request('PATCH', `/media/item/${media.id}`, { json: patch })
    const after = await read({ 'if-none-match': etag })
    expect(after.body).toEqual({
      ...body,
      types: { jpeg: total, png: 1 },
      tags: body.tags.map(({ tag, count }) => ({ tag, count: tag === 'red' ? count + 1 : count })),
      years: { 2026: 1 },
      lacks: { alt: total, tags: 0, collection: total + 1 },
      total: total + 1,
    })
    await client.delete(`/media/delete/${media.id}`)
    expect((await read()).body).toEqual(body)
    await takeStock(server.data)
  })
})

describe('an item by its id', () => {
  const show = (id: number, headers: Record<string, string> = {}) =>
    client.request<RankedItem>('GET', `/media/item/${id}`, { headers })

  it('is the same as in the list, with its position', async () => {
    await client.delete('/media/delete/10')
    for (const order of ['added-asc', 'added-desc']) {
      const { media } = (await client.list(`?order=${order}`)).body
      for (const [offset, item] of media.entries()) {
        const { status, body, headers } = await show(item.id)
        const total = Number(headers.get('x-total-count'))
        const urls = { ...item.urls, srcset: expect.any(String) }
        const media = { ...item, urls, translations: {}, exif: null, location: null }
        expect({ status, media: body.media }).toEqual({ status: 200, media })
        expect(order === 'added-asc' ? body.rank : total - 1 - body.rank).toBe(offset)
        expect(Value.Errors(RankedItem, body)).toEqual([])
      }
    }
    expect((await show(10)).status).toBe(404)
  })

  it('has an ETag that changes when the library changes', async () => {
    const first = await show(1)
    const etag = first.headers.get('etag') ?? ''
    expect(await show(1, { 'if-none-match': etag })).toMatchObject({
      status: 304,
      bytes: Buffer.of(),
    })
    expect((await show(2)).headers.get('etag')).not.toBe(etag)
    await client.post('/media/edit/1', { name: 'Renamed', tags: [] })
    const edited = await show(1, { 'if-none-match': etag })
    expect(edited).toMatchObject({ status: 200, body: { media: { name: 'Renamed' } } })
    await client.delete('/media/delete/1')
    const gone = await show(1, { 'if-none-match': edited.headers.get('etag') ?? '' })
    expect(gone.status).toBe(404)
    expect(gone.headers.get('etag')).toBe(null)
  })
})
