import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Collection } from '../src/media/collections/collection.ts'
import type { DetailedItem } from '../src/media/item.ts'
import { expectConsistent } from './consistency.ts'
import { type Client, runCli, type Server, signIn, startServer } from './harness.ts'
import { type Immich, makeAsset, startImmich } from './immich.ts'

let immich: Immich
beforeEach(async () => {
  immich = await startImmich()
  onTestFinished(immich.stop)
})

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
