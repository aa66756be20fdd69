import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MediaItem } from '../src/media/item.ts'
import type { MediaList } from '../src/media/list/list-route.ts'
import { fillLibrary } from './fill-library.ts'
import { makePng } from './fixtures.ts'
import { Client, makeDataFolder, runCli, type Server, signIn, startServer } from './harness.ts'

const BASE = '/media-app'
/** Text of an item that looks like the JSON of its URLs. */
const LOOKALIKE = '"urls":{"scaled":"/media/file/a","high":"/b"}'

let server: Server
/** Clients behind a proxy that keeps the path, and behind one that strips it. */
let whole: Client
let stripped: Client
let media: MediaItem
beforeAll(async () => {
  server = await startServer({ VITRINE_BASE_PATH: `${BASE}/` })
  whole = await new Client(server.url + BASE).signIn()
  stripped = await signIn(server)
  media = (await whole.add(LOOKALIKE, ['/media/file/'], await makePng())).body.media
})
afterAll(async () => {
  await server?.stop()
})

const urlsOf = ({ urls: { scaled, high, template } }: Pick<MediaItem, 'urls'>) => [
  scaled,
  high,
  template.replace('{width}', '80'),
]

describe('under a path', () => {
  it('every URL of an item has the path, in every response with the item', async () => {
    const items: MediaItem[] = [media]
    for (const client of [whole, stripped]) {
      const edited = await client.post(`/media/edit/${media.id}`, {
        name: LOOKALIKE,
        tags: media.tags,
      })
      const item = await client.request<{ media: MediaItem }>('GET', `/media/item/${media.id}`)
      items.push(edited.body.media, item.body.media)
      // A page (repeated, so that it is answered from the cache), a search, and the whole library.
      for (const query of ['?limit=5', '?limit=5', '?limit=5', '?search=urls', '']) {
        items.push(...(await client.list(query)).body.media)
      }
    }
    expect(items).toHaveLength(15)
    for (const { name, tags, urls } of items) {
      expect({ name, tags, urls }).toEqual({
        name: LOOKALIKE,
        tags: ['/media/file/'],
        urls: expect.objectContaining(media.urls),
      })
    }
    expect(urlsOf(media).every((url) => url.startsWith(`${BASE}/media/file/`))).toBe(true)
  })

  it('images are found with the path and without it', async () => {
    for (const url of urlsOf(media)) {
      for (const path of [url, url, url.slice(BASE.length)]) {
        const answer = await new Client(server.url).get(path)
        expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
          path,
          200,
          'image/webp',
        ])
      }
    }
    expect((await whole.get(`/media/original/${media.id}`)).status).toBe(200)
  })

  it('only URLs below that path belong to it', async () => {
    for (const path of ['/media-apps/health/live', '/media-app2', `${BASE}${BASE}/health/live`]) {
      expect((await stripped.get(path)).status).toBe(404)
    }
    expect((await whole.get('/nothing')).body.detail).toContain('"/nothing"')
  })

  it('the cookie is limited to the path', async () => {
    const json = { username: 'admin', password: 'a password for tests' }
    for (const client of [whole, stripped]) {
      const { headers } = await client.post('/auth/login', json)
      expect(headers.get('set-cookie')).toContain(`; Path=${BASE}/;`)
    }
    const { headers } = await (await signIn(server)).post('/auth/logout', undefined)
    expect(headers.get('set-cookie')).toContain(`; Path=${BASE}/;`)
  })

  it('redirects stay under it', async () => {
    const leads = async (path: string) => {
      const { status, headers } = await stripped.get(path)
      return [status, headers.get('location')]
    }
    expect(await leads(BASE)).toEqual([308, `${BASE}/`])
    expect(await leads(`${BASE}?item=1`)).toEqual([308, `${BASE}/?item=1`])
    for (const path of ['/docs/static/index.html', `${BASE}/docs/static/index.html`]) {
      expect(await leads(path)).toEqual([302, `${BASE}/docs/`])
    }
  })

  it('the OpenAPI document names it', async () => {
    for (const client of [whole, stripped]) {
      const { body } = await client.request<{ servers: unknown; paths: object }>(
        'GET',
        '/openapi.json',
      )
      expect(body.servers).toEqual([{ url: BASE }])
      expect(Object.keys(body.paths)).toContain('/media')
    }
  })

  it('the page links its assets with the path, and they are found', async () => {
    const html = (await whole.get('/')).bytes.toString()
    expect((await stripped.get('/')).bytes.toString()).toBe(html)
    const parts = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path = '']) => path)
    expect(parts.length).toBeGreaterThan(2)
    for (const path of parts) {
      expect(path).toMatch(/^\/media-app\/(?:assets\/|favicon)/)
      expect((await stripped.get(path)).status).toBe(200)
    }
  })
})

it('under a path, lists of any length differ only in the URLs', async () => {
  const data = makeDataFolder()
  await fillLibrary(
    data,
    Array.from({ length: 2500 }, (_, index) => ({ name: `Image ${index} ${LOOKALIKE}` })),
  )
  const [plain, under] = [
    await startServer({}, data),
    await startServer({ VITRINE_BASE_PATH: '/a/b' }, data),
  ]
  const lists = async (server: Server) => {
    const client = await signIn(server)
    const queries = ['', '?order=added-asc', '?search=i', '?limit=1000']
    return Promise.all(queries.map(async (query) => (await client.list(query)).body))
  }
  const expected: MediaList[] = (await lists(plain)).map((list) => ({
    ...list,
    media: list.media.map((item) => ({
      ...item,
      urls: {
        scaled: `/a/b${item.urls.scaled}`,
        high: `/a/b${item.urls.high}`,
        template: `/a/b${item.urls.template}`,
      },
    })),
  }))
  expect(await lists(under)).toEqual(expected)
  await Promise.all([plain.stop(), under.stop()])
})

it.each(['/media/', '/auth/sign-in', '/assets'])(
  'a path that begins like a route of the server is refused at the start: %s',
  async (path) => {
    const settings = { VITRINE_BASE_PATH: path, VITRINE_PORT: '0' }
    const { code, stderr } = await runCli(makeDataFolder(), ['serve'], { settings })
    expect({ code, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, lines: 1 })
    expect(stderr).toContain(`VITRINE_BASE_PATH is "${path.replace(/\/$/, '')}/"; must not begin`)
  },
)
