import { Value } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MediaList } from '../src/media/list/list-route.ts'
import { fillLibrary } from './fill-library.ts'
import { makePng } from './fixtures.ts'
import { type Client, makeDataFolder, type Server, signIn, startServer } from './harness.ts'

const COUNT = 100
const NAMES = Array.from({ length: COUNT }, (_, index) => `Item ${index + 1}`)

describe('a list of a hundred items', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    const data = makeDataFolder()
    await fillLibrary(
      data,
      NAMES.map((name) => ({ name })),
    )
    server = await startServer({}, data)
    client = await signIn(server)
  })
  afterAll(() => server.stop())

  it('answers the example of the documentation: page 1 of 5 at 20 a page', async () => {
    const { body, headers } = await client.list('?limit=20')
    expect(body).toMatchObject({ max: 5, from: 1, to: 20 })
    expect(body.media.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, i) => 100 - i))
    expect(headers.get('x-total-count')).toBe('100')
    expect(headers.get('cache-control')).toBe('private, no-cache')
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
  })

  it.each([
    ['', 100, 1, 1, 1, 100],
    ['order=added-desc', 100, 1, 1, 1, 100],
    ['order=added-asc', 1, 100, 1, 1, 100],
    ['limit=20&offset=20', 80, 61, 5, 21, 40],
    ['limit=20&offset=95', 5, 1, 5, 96, 100],
    ['limit=30', 100, 71, 4, 1, 30],
    ['limit=30&offset=90', 10, 1, 4, 91, 100],
    ['limit=100', 100, 1, 1, 1, 100],
    ['limit=101', 100, 1, 1, 1, 100],
    ['limit=1', 100, 100, 100, 1, 1],
    ['limit=1&offset=99', 1, 1, 100, 100, 100],
    ['limit=1&offset=99&order=added-asc', 100, 100, 100, 100, 100],
    ['offset=7', 93, 1, 1, 8, 100],
    ['limit=9007199254740991&offset=99', 1, 1, 1, 100, 100],
    ['order=&limit=&offset=&search=', 100, 1, 1, 1, 100],
    ['search=item&limit=20&offset=20', 80, 61, 5, 21, 40],
    ['search=item&limit=20&order=added-asc', 1, 20, 5, 1, 20],
    ['unknown=5', 100, 1, 1, 1, 100],
  ])('?%s runs from %i to %i', async (query, first, last, max, from, to) => {
    const { body, status, headers } = await client.list(`?${query}`)
    expect(status).toBe(200)
    const step = first > last ? -1 : 1
    const ids = Array.from({ length: Math.abs(last - first) + 1 }, (_, i) => first + step * i)
    expect(body.media.map(({ id }) => id)).toEqual(ids)
    expect(body).toMatchObject({ max, from, to })
    expect(headers.get('x-total-count')).toBe('100')
    expect(Value.Errors(MediaList, body)).toEqual([])
  })

  it.each([
    'limit=20&offset=100',
    'limit=20&offset=9007199254740991',
    'offset=100',
    'offset=5000&limit=20',
  ])('?%s is past the end', async (query) => {
    const { body, headers } = await client.list(`?${query}`)
    expect(body).toEqual({ media: [], max: query.includes('limit') ? 5 : 1, from: 0, to: 0 })
    expect(headers.get('x-total-count')).toBe('100')
  })

  it('answers HEAD with the headers alone', async () => {
    for (const query of ['', '?limit=20']) {
      const { status, bytes, headers } = await client.request('HEAD', `/media${query}`)
      expect({ status, bytes: bytes.length }).toEqual({ status: 200, bytes: 0 })
      expect(headers.get('x-total-count')).toBe('100')
      expect(headers.get('etag')).toBe((await client.list(query)).headers.get('etag'))
    }
  })

  it('shows items with exactly the members of their schema', async () => {
    const { media } = (await client.list('?limit=1')).body
    expect(Object.keys(media[0] ?? {})).toEqual([
      ...['id', 'name', 'path', 'timestamp', 'tags', 'type', 'size', 'width', 'height', 'frames'],
      ...['thumbhash', 'color', 'fileName', 'alt', 'description', 'credit', 'copyright', 'source'],
      ...['rating', 'focus', 'takenAt', 'collections', 'addedBy', 'changedAt', 'revision', 'urls'],
    ])
    expect(media[0]).toMatchObject({ id: 100, timestamp: '1970-01-01T00:01:39.000Z' })
  })
})

describe('a list of nothing', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
  })
  afterAll(() => server.stop())

  it.each(['', '?limit=20', '?search=x', '?offset=5'])('%s is empty', async (query) => {
    const { body, headers } = await client.list(query)
    expect(body).toEqual({ media: [], max: 0, from: 0, to: 0 })
    expect(headers.get('x-total-count')).toBe('0')
  })

  it('has an ETag that changes with every change of the library, and only then', async () => {
    let etag = ''
    const expectChange = async () => {
      const { status, headers } = await client.get('/media?limit=5', {
        headers: { 'if-none-match': etag },
      })
      expect(status).toBe(200)
      etag = headers.get('etag') ?? ''
      const again = await client.get('/media?limit=5', { headers: { 'if-none-match': etag } })
      expect(again).toMatchObject({ status: 304, bytes: Buffer.of() })
      expect(again.headers.get('etag')).toBe(etag)
      expect(again.headers.get('cache-control')).toBe('private, no-cache')
    }
    await expectChange()
    const { media } = (await client.add('A name', [], await makePng())).body
    await expectChange()
    await client.post(`/media/edit/${media.id}`, { name: 'Another', tags: ['new'] })
    await expectChange()
    await client.delete(`/media/delete/${media.id}`)
    await expectChange()
    const other = (await client.list('?limit=6')).headers.get('etag')
    expect(other).not.toBe(etag)
    expect(server.log()).not.toContain('"level":50')
  })
})

const SEARCHED = [
  { name: 'Été à Paris', tags: ['Voyage', 'france'] },
  { name: '東京タワー', tags: ['夜景'] },
  { name: 'ﾃﾚﾋﾞ', tags: [] },
  { name: 'STRASSE', tags: ['no. 5'] },
  { name: 'red bicycle', tags: ['car', 'blue-green'] },
  { name: '100% wool_sample "quoted" (x) AND y*', tags: [] },
  { name: 'かき氷', tags: [] },
  { name: 'がき大将', tags: [] },
  { name: 'Ελλάς', tags: [] },
  { name: 'up 👩‍🚀 there', tags: [] },
]

describe('a search', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    const data = makeDataFolder()
    await fillLibrary(data, SEARCHED)
    server = await startServer({}, data)
    client = await signIn(server)
  })
  afterAll(() => server.stop())

  it.each([
    ['ete', [1]],
    ['ÉTÉ', [1]],
    ['paris VOYAGE', [1]],
    ['paris 東', []],
    ['東', [2]],
    ['京タ', [2]],
    ['東京\u3000夜', [2]],
    ['テレビ', [3]],
    ['ビ', [3]],
    ['straße', [4]],
    ['red car', [5]],
    // The accent that stands alone is folded to a space within one term.
    ['red´car', []],
    ['e-g', [5]],
    ['bicyclecar', []],
    ['carblue', []],
    ['car,blue', []],
    ['100%', [6]],
    ['l_s', [6]],
    ['"quoted" (x) and y*', [6]],
    ['AND', [6]],
    ['OR', []],
    ['NEAR(a b)', []],
    ['か', [7]],
    ['が', [8]],
    ['き', [8, 7]],
    ['ΕΛΛΑΣ', [9]],
    ['👩', [10]],
    ['no. 5', [4]],
    [' \t', [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]],
    ['%', [6]],
    ["'; DROP TABLE media --", []],
  ])('for %j finds %j', async (search, ids) => {
    const query = `?${new URLSearchParams({ search, limit: '10' })}`
    const { body, headers } = await client.list(query)
    expect(body.media.map(({ id }) => id)).toEqual(ids)
    expect(headers.get('x-total-count')).toBe(String(ids.length))
    expect(body).toMatchObject({ max: ids.length > 0 ? 1 : 0, to: ids.length })
  })

  it('follows edits and deletions', async () => {
    const find = async (search: string) =>
      (await client.list(`?search=${search}`)).body.media.length
    expect(await find('Paris')).toBe(1)
    await client.post('/media/edit/1', { name: 'Été à Lyon', tags: 'a, zebra' })
    expect(await find('Paris')).toBe(0)
    expect(await find('voyage')).toBe(0)
    expect(await find('zebra')).toBe(1)
    await client.delete('/media/delete/1')
    expect(await find('zebra')).toBe(0)
    expect((await client.list('?limit=4&offset=8')).body).toMatchObject({ max: 3, from: 9, to: 9 })
  })
})
