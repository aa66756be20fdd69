import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Collection } from '../src/media/collections/collection.ts'
import type { DetailedItem } from '../src/media/item.ts'
import { expectConsistent } from './consistency.ts'
import { makePng } from './fixtures.ts'
import {
  type Client,
  makeDataFolder,
  runCli,
  type Server,
  signIn,
  startCli,
  startServer,
  withoutProgress,
} from './harness.ts'
import { type Immich, type ImmichAsset, startImmich } from './immich.ts'
import { expectSound } from './import-steps.ts'

let immich: Immich
beforeEach(async () => {
  immich = await startImmich()
  onTestFinished(immich.stop)
})

const command = (data: string, url = immich.url) => [
  'import',
  '--from',
  'immich',
  url,
  '--map',
  join(data, 'map.jsonl'),
]

async function moveIn(data: string, { url = immich.url, settings = {} } = {}) {
  const { code, stdout, stderr } = await runCli(data, command(data, url), {
    settings: { VITRINE_IMPORT_TOKEN: immich.key, ...settings },
  })
  const [, ...lines] = stdout.trimEnd().split('\n')
  return { code, counts: lines.pop(), lines, stderr: withoutProgress(stderr) }
}

const readMap = (data: string) =>
  readFileSync(join(data, 'map.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line))

const makeAsset = async (seed: number, more: Partial<ImmichAsset> = {}): Promise<ImmichAsset> => ({
  id: `asset-${seed}`,
  bytes: await makePng({ seed }),
  ...more,
})

const makeAssets = (count: number, more: Partial<ImmichAsset> = {}) =>
  Promise.all(Array.from({ length: count }, (_, index) => makeAsset(index + 1, more)))

describe('moving in from a stand-in for Immich', () => {
  let server: Server
  let client: Client
  beforeAll(async () => {
    server = await startServer()
    client = await signIn(server)
  })
  afterAll(() => server.stop())

  it.each([1, 2])(
    'brings texts, tags, albums, times and originals of version %i',
    async (major) => {
      const data = server.data
      const own = major * 100
      immich.major = major
      immich.page = 2
      immich.albums = [
        { id: `sea ${major}`, albumName: `Sea ${major}`, description: 'By boat' },
        { id: `holiday ${major}`, albumName: `Sea ${major}`, description: '' },
      ]
      immich.assets = [
        await makeAsset(own + 1, {
          originalFileName: 'Türme bei Nacht.PNG',
          isFavorite: true,
          localDateTime: '2024-05-01T23:30:00.000Z',
          exifInfo: {
            description: 'Der Turm\nbei Nacht',
            rating: 4,
            dateTimeOriginal: '2024-05-01T14:30:00.000Z',
            timeZone: 'Asia/Tokyo',
          },
          tags: ['Tokyo', 'Night'],
          albums: [`sea ${major}`, `holiday ${major}`],
        }),
        await makeAsset(own + 2, { type: 'VIDEO', originalMimeType: 'video/mp4' }),
        await makeAsset(own + 3, {
          localDateTime: '2024-06-01T08:00:00.000Z',
          exifInfo: { dateTimeOriginal: '2024-06-01T08:00:00.000Z', timeZone: null, rating: -1 },
          tags: ['Night'],
          albums: [`holiday ${major}`],
        }),
        // The same bytes once more.
        {
          ...(await makeAsset(own + 1)),
          id: `copy-${major}`,
          exifInfo: { rating: 2 },
          tags: ['Copy'],
        },
        await makeAsset(own + 4),
      ]
      const settings = { VITRINE_PUBLIC_URL: 'https://media.example.com' }
      const url = major === 2 ? `${immich.url}/api` : immich.url
      const map = join(data, `map-${major}.jsonl`)
      const { code, stdout, stderr } = await runCli(
        data,
        ['import', '--from', 'immich', url, '--token', immich.key, '--map', map],
        { settings },
      )
      expect({ code, stderr, lines: stdout.split('\n').slice(1, -1) }).toEqual({
        code: 1,
        stderr: '',
        lines: [
          `refused  asset-${own + 2} (asset-${own + 2}): The file is a video (video/mp4).`,
          '3 added, 1 already there, 1 refused, 0 failed',
        ],
      })

      const { media } = (await client.list('?order=added-asc')).body
      const [tower, second, third] = media.slice(-3)
      const { collections } = (
        await client.request<{ collections: Collection[] }>('GET', '/collections')
      ).body
      const [sea, holiday] = collections.slice(-2)
      expect([sea, holiday]).toMatchObject([
        { name: `Sea ${major}`, description: 'By boat', count: 1, parent: null },
        { name: `Sea ${major} (2)`, description: null, count: 2 },
      ])
      expect(tower).toMatchObject({
        name: 'Türme bei Nacht',
        tags: ['Tokyo', 'Night', 'favorite', 'Copy'],
        rating: 4,
        takenAt: '2024-05-01T23:30:00+09:00',
        collections: [sea?.id, holiday?.id],
      })
      expect(
        (await client.request<{ media: DetailedItem }>('GET', `/media/item/${tower?.id}`)).body
          .media,
      ).toMatchObject({ description: 'Der Turm\nbei Nacht', fileName: 'Türme bei Nacht.PNG' })
      expect(second).toMatchObject({
        name: `asset-${own + 3}`,
        tags: ['Night'],
        rating: 0,
        takenAt: '2024-06-01T08:00:00',
        collections: [holiday?.id],
      })
      expect(third).toMatchObject({ name: `asset-${own + 4}`, tags: [], takenAt: null })
      const original = await client.get(`/media/original/${tower?.id}`)
      expect(original.bytes.equals(immich.assets[0]?.bytes as Buffer)).toBe(true)

      const lines = readFileSync(map, 'utf8')
      expect(lines).not.toContain(immich.key)
      const image = `https://media.example.com/media/image/${tower?.id}`
      expect(lines.split('\n').map((line) => line && JSON.parse(line))).toContainEqual({
        item: `asset-${own + 1}`,
        id: tower?.id,
        outcome: 'added',
        name: 'Türme bei Nacht',
        urls: {
          [`${immich.url}/api/assets/asset-${own + 1}/original`]: `${image}/high.auto`,
          [`${immich.url}/api/assets/asset-${own + 1}/thumbnail?size=preview`]: `${image}/w_1440.auto`,
          [`${immich.url}/api/assets/asset-${own + 1}/thumbnail?size=thumbnail`]: `${image}/w_320.auto`,
          [`${immich.url}/photos/asset-${own + 1}`]: `${image}/high.auto`,
        },
      })

      // Nothing is fetched or added again.
      immich.requests = []
      expect(
        await runCli(data, [
          'import',
          '--from',
          'immich',
          url,
          '--token',
          immich.key,
          '--map',
          map,
        ]),
      ).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/\n0 added, 4 already there, 1 refused, 0 failed\n$/),
      })
      expect(immich.requests.filter((path) => path.endsWith('original'))).toEqual([])
      expect(readFileSync(map, 'utf8')).toBe(lines)
      expect(await client.request('GET', '/collections')).toMatchObject({ body: { collections } })
      await expectConsistent(data)
    },
  )
})

describe('a move', () => {
  it('goes on after a kill at any step, in the order of the source, and doubles nothing', async () => {
    const data = makeDataFolder()
    immich.albums = [{ id: 'a', albumName: 'Album', description: '' }]
    immich.assets = await makeAssets(6, { albums: ['a'] })
    let runs = 0
    for (let step = 5; ; step += 67) {
      const { code } = await moveIn(data, {
        settings: {
          NODE_OPTIONS: `--import ${join(import.meta.dirname, 'kill-import.ts')}`,
          KILL_AT_STEP: String(step),
        },
      })
      runs += 1
      if (code === 0) break
      expect(code).toBeNull()
    }
    expect(runs).toBeGreaterThan(2)
    expect(await moveIn(data)).toEqual({
      code: 0,
      counts: '0 added, 6 already there, 0 refused, 0 failed',
      lines: [],
      stderr: '',
    })
    expect((await expectConsistent(data)).media).toEqual([1, 2, 3, 4, 5, 6])
    const lines = readMap(data)
    const ids = Object.fromEntries(
      lines.filter(({ item }) => item).map(({ item, id }) => [item, id]),
    )
    expect(Object.keys(ids)).toHaveLength(6)
    expect(new Set(Object.values(ids)).size).toBe(6)
    expect((await runCli(data, ['collection', 'list'])).stdout.match(/Album/g)).toHaveLength(1)
    await expectSound(data)
  })

  it('adds in the order of the source, however fast each original comes', async () => {
    const data = makeDataFolder()
    immich.assets = await makeAssets(12)
    immich.trouble = (path, _request, response) => {
      // Every third one is ready last.
      const nth = Number(/asset-(\d+)\/original/.exec(path)?.[1] ?? 1)
      if (nth % 3 !== 0) return false
      const { bytes } = immich.assets[nth - 1] ?? {}
      setTimeout(() => response.end(bytes), 300)
      return true
    }
    expect(await moveIn(data)).toMatchObject({ code: 0, counts: /^12 added/ })
    expect(
      readMap(data)
        .map(({ item, id }) => [item, id])
        .sort((a, b) => a[1] - b[1]),
    ).toEqual(immich.assets.map(({ id }, index) => [id, index + 1]))
  })

  it('tries again what broke off, and tells what stays away', async () => {
    const data = makeDataFolder()
    immich.assets = await makeAssets(5)
    const asked = new Map<string, number>()
    immich.trouble = (path, request, response) => {
      const nth = (asked.get(path) ?? 0) + 1
      asked.set(path, nth)
      const again = { 'retry-after': '0' }
      if (path === '/api/search/metadata' && nth === 3) response.writeHead(503, again).end()
      else if (path.includes('asset-1/') && nth === 1) {
        response.writeHead(200, { 'content-length': 1000 }).write('half')
        setImmediate(() => request.socket.destroy())
      } else if (path.includes('asset-2/') && nth === 1) response.writeHead(429, again).end()
      else if (path.includes('asset-3/')) response.writeHead(500, again).end()
      else if (path.includes('asset-4/')) {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Sign in')
      } else return false
      return true
    }
    const first = await moveIn(data)
    expect(first).toMatchObject({
      code: 1,
      counts: '3 added, 0 already there, 1 refused, 1 failed',
      stderr: '',
    })
    expect(first.lines.sort()).toEqual([
      'failed  asset-3 (asset-3): 127.0.0.1 cannot be fetched: it answered with the status 500.',
      'refused  asset-4 (asset-4): 127.0.0.1 cannot be fetched: it sent a page (text/html) and no image; give the address of the image itself.',
    ])
    expect(asked.get('/api/assets/asset-3/original')).toBe(4)
    immich.trouble = () => false
    expect(await moveIn(data)).toMatchObject({
      code: 0,
      counts: '2 added, 3 already there, 0 refused, 0 failed',
    })
    expect((await expectConsistent(data)).media).toHaveLength(5)
  })

  it('ends when the source is away, and gives no other host the token', async () => {
    const data = makeDataFolder()
    const strangers: unknown[] = []
    const stranger = createServer((request, response) => {
      strangers.push(request.headers)
      response.end('secret')
    }).listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    onTestFinished(() => {
      stranger.close()
    })
    const { port } = stranger.address() as AddressInfo
    immich.assets = await makeAssets(30)
    immich.trouble = (path, _request, response) => {
      if (path.includes('asset-1/')) {
        response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end()
      } else if (path.includes('asset-2/')) {
        response.writeHead(302, { location: `http://localhost:${port}/` }).end()
      } else if (path.endsWith('/original')) {
        response.writeHead(503, { 'retry-after': '0' }).end()
      } else return false
      return true
    }
    const { code, lines, stderr } = await moveIn(data, {
      settings: { VITRINE_FETCH_ALLOW: 'localhost' },
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^Immich at http:\S+ cannot be read: .*status 503\. Run it again to go on\.\n$/,
    )
    expect(lines).toContain(
      'failed  asset-1 (asset-1): 127.0.0.1 cannot be fetched: it is not an address of the public internet.',
    )
    expect(strangers).toHaveLength(1)
    expect(strangers[0]).not.toHaveProperty('x-api-key')
  })

  it('stops at SIGINT, also in front of a source that hangs, and goes on later', async () => {
    const data = makeDataFolder()
    immich.assets = await makeAssets(3)
    const hanging = Promise.withResolvers<void>()
    immich.trouble = (path) => {
      if (path.includes('asset-3/')) hanging.resolve()
      return path.includes('asset-3/')
    }
    const running = await startCli(data, command(data), {
      settings: { VITRINE_IMPORT_TOKEN: immich.key },
    })
    await hanging.promise
    while (!readMapIfThere(data).includes('"asset-2"')) await sleep(20)
    process.kill(-Number(running.process.pid), 'SIGINT')
    const { code, stdout, stderr } = await running.ended
    expect({ code, stderr }).toEqual({
      code: 130,
      stderr: 'Stopped by SIGINT. Run it again to go on.\n',
    })
    expect(stdout).toMatch(/\n2 added, 0 already there, 0 refused, 0 failed\n$/)
    immich.trouble = () => false
    expect(await moveIn(data)).toMatchObject({ code: 0, counts: /^1 added, 2 already/ })
  })

  it('says what is wrong with the program, the address and the token', async () => {
    const data = makeDataFolder()
    const fails = async (args: readonly string[], settings = {}) => {
      const { code, stdout, stderr } = await runCli(data, ['import', ...args], { settings })
      expect([code, stdout]).toEqual([1, ''])
      return stderr
    }
    const from = ['--from', 'immich']
    const told = await Promise.all([
      fails(['--from', 'flickr', immich.url]),
      fails([...from, 'immich.example.com']),
      fails([...from, `http://anna:secret@127.0.0.1/`]),
      fails([...from, immich.url]),
      fails([...from, immich.url], { VITRINE_IMPORT_TOKEN: 'another key' }),
      fails(['--from', 'wordpress', immich.url, '--token', 'a:b']),
      fails([immich.url, '--token', 'x']),
    ])
    expect(told).toEqual([
      expect.stringMatching(/^--from is "flickr"; it must be one of .*immich.*\.\n$/),
      'The address is no whole URL, such as https://blog.example.com.\n',
      'The address holds a user name or a password.\n',
      expect.stringMatching(/^Immich needs a token: an API key/),
      `Immich at ${immich.url}/ cannot be read: it does not accept the token for api/search/metadata: status 401 (Invalid API key).\n`,
      `WordPress at ${immich.url}/ cannot be read: it does not accept the token for wp-json/: status 401 (Invalid API key).\n`,
      '--token and --map need --from.\n',
    ])
  })
})

function readMapIfThere(data: string): string {
  try {
    return readFileSync(join(data, 'map.jsonl'), 'utf8')
  } catch {
    return ''
  }
}
