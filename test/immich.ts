import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { makePng } from './fixtures.ts'

export interface ImmichAsset {
  id: string
  bytes: Uint8Array
  type?: 'IMAGE' | 'VIDEO'
  originalFileName?: string
  originalMimeType?: string
  isFavorite?: boolean
  localDateTime?: string
  exifInfo?: Record<string, unknown>
  tags?: readonly string[]
  albums?: readonly string[]
}

export const makeAsset = async (
  seed: number,
  more: Partial<ImmichAsset> = {},
): Promise<ImmichAsset> => ({ id: `asset-${seed}`, bytes: await makePng({ seed }), ...more })

/** @returns `asset-1`, `asset-2`, … */
export const makeAssets = (count: number, more: Partial<ImmichAsset> = {}) =>
  Promise.all(Array.from({ length: count }, (_, index) => makeAsset(index + 1, more)))

export interface Immich {
  /** Without `/` at its end. */
  url: string
  key: string
  assets: ImmichAsset[]
  albums: { id: string; albumName: string; description: string }[]
  /** Version, of which 1 answers in another way than 2. */
  major: number
  /** Assets of a page, if fewer than are asked for. */
  page: number
  /** Every request so far: `POST /api/search/metadata`. */
  requests: string[]
  /** Answers a request in another way. @returns whether it did */
  trouble: (path: string, request: IncomingMessage, response: ServerResponse) => boolean
  stop(): void
}

/**
 * Starts a stand-in for Immich, written from the description of its API (immich-openapi-specs.json of versions 1 and 2):
 * the routes that `import --from immich` asks, with the members that it reads and some more. The program itself needs
 * machine learning, Redis and an extension of PostgreSQL, which a test cannot install.
 */
export async function startImmich(): Promise<Immich> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const immich: Immich = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key: 'key-of-anna',
    assets: [],
    albums: [],
    major: 2,
    page: Number.POSITIVE_INFINITY,
    requests: [],
    trouble: () => false,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
  return immich

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const { pathname } = new URL(request.url ?? '', immich.url)
    immich.requests.push(`${request.method} ${pathname}`)
    if (immich.trouble(pathname, request, response)) return
    const send = (body: unknown, status = 200) =>
      response
        .writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
        .end(JSON.stringify(body))
    const fail = (status: number, message: string) =>
      send({ message, error: 'Error', statusCode: status, correlationId: 'x' }, status)
    if (pathname === '/api/server/version') {
      send({ major: immich.major, minor: 0, patch: 1 })
      return
    }
    if (request.headers['x-api-key'] !== immich.key) {
      fail(401, 'Invalid API key')
      return
    }
    const tags = [...new Set(immich.assets.flatMap((asset) => asset.tags ?? []))]
    const [, , , id = ''] = pathname.split('/')
    if (pathname === '/api/assets/statistics') {
      send({ images: 0, videos: 0, total: immich.assets.length })
    } else if (pathname === '/api/tags') {
      send(tags.map((name) => ({ id: `tag of ${name}`, name, value: `All/${name}` })))
    } else if (pathname === '/api/albums') {
      send(immich.albums.map((album) => ({ ...album, assetCount: 1, shared: false })))
    } else if (pathname.startsWith('/api/albums/') && immich.major < 2) {
      const assets = immich.assets.filter(({ albums }) => albums?.includes(decodeURIComponent(id)))
      send({ id, assets: assets.map(({ id }) => ({ id })) })
    } else if (pathname === '/api/search/metadata' && request.method === 'POST') {
      send(search((await json(request)) as Search))
    } else if (/^\/api\/assets\/[^/]+\/original$/.test(pathname)) {
      const asset = immich.assets.find((asset) => asset.id === decodeURIComponent(id))
      if (asset)
        response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(asset.bytes)
      else fail(404, 'Not found')
    } else {
      fail(404, `Cannot ${request.method} ${pathname}`)
    }
  }

  interface Search {
    page: number
    size: number
    order: 'asc' | 'desc'
    tagIds?: string[]
    albumIds?: string[]
    withExif?: boolean
  }

  function search({ page, size, tagIds, albumIds, withExif }: Search) {
    const found = immich.assets.filter(
      ({ tags = [], albums = [] }) =>
        (!tagIds || tags.some((tag) => tagIds.includes(`tag of ${tag}`))) &&
        (!albumIds || albums.some((album) => albumIds.includes(album))),
    )
    const count = Math.min(size, immich.page)
    const items = found.slice((page - 1) * count, page * count).map(describe)
    const hasMore = found.length > page * count
    const assets = {
      total: items.length,
      count: items.length,
      facets: [],
      items: items.map(({ exifInfo, ...asset }) => (withExif ? { ...asset, exifInfo } : asset)),
      nextPage: hasMore ? String(page + 1) : null,
    }
    return { albums: { total: 0, count: 0, items: [], facets: [] }, assets }
  }
}

function describe({ bytes: _bytes, tags: _tags, albums: _albums, ...asset }: ImmichAsset) {
  return {
    type: 'IMAGE',
    originalFileName: `${asset.id}.png`,
    originalMimeType: 'image/png',
    isFavorite: false,
    isTrashed: false,
    visibility: 'timeline',
    localDateTime: '2024-05-01T10:00:00.000Z',
    ...asset,
    exifInfo: { description: '', rating: null, ...asset.exifInfo },
  }
}
