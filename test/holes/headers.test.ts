import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MediaItem } from '../../src/media/item.ts'
import { makePng } from '../fixtures.ts'
import { ADMIN_PASSWORD, Client, ROOT, type Server, signIn, startServer } from '../harness.ts'

/** One server trusts its proxy, the other trusts no proxy. */
let server: Server
let alone: Server
let client: Client
let media: MediaItem
beforeAll(async () => {
  ;[server, alone] = await Promise.all([
    startServer({ VITRINE_TRUSTED_PROXIES: '127.0.0.1' }),
    startServer({ VITRINE_DELIVERY: 'private' }),
  ])
  client = await signIn(server)
  media = (await client.add('An image', [], await makePng())).body.media
})
afterAll(async () => {
  await Promise.all([server?.stop(), alone?.stop()])
})

const isBuilt = existsSync(join(ROOT, 'web/dist/index.html'))
const HTTPS = { 'x-forwarded-proto': 'https' }

/** The headers that security scanners expect, on every kind of response. */
const STRICT = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': expect.stringMatching(/^default-src 'none'.*frame-ancestors 'none'/),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': expect.stringContaining('camera=()'),
  'strict-transport-security': 'max-age=31536000',
}

const headersOf = ({ headers }: { headers: Headers }) => Object.fromEntries(headers)

describe('security headers', () => {
  it.each([
    ['the page', 'GET', '/', isBuilt ? 200 : 302],
    ['the documentation', 'GET', '/docs', 200],
    ['its scripts', 'GET', '/docs/static/swagger-ui-bundle.js', 200],
    ['the description', 'GET', '/openapi.json', 200],
    ['health', 'GET', '/health/live', 200],
    ['a list', 'GET', '/media?limit=1', 200],
    ['a list without end', 'GET', '/media', 200],
    ['a refusal of parameters', 'GET', '/media?limit=0', 400],
    ['a missing route', 'GET', '/none', 404],
    ['another method', 'PUT', '/media', 405],
    ['a preflight', 'OPTIONS', '/media/add', 204],
    ['a refusal of a body', 'POST', '/media/add', 400],
  ])('are all on %s', async (_, method, path, status) => {
    const answer = await client.request(method, path, { headers: HTTPS })
    expect(answer.status).toBe(status)
    expect(headersOf(answer)).toMatchObject(STRICT)
    expect(answer.headers.get('x-powered-by') ?? answer.headers.get('server')).toBeNull()
  })

  it('are on a refusal without a session, and on "not modified"', async () => {
    const refused = await new Client(server.url).get('/media', { headers: HTTPS })
    expect(refused.status).toBe(401)
    expect(headersOf(refused)).toMatchObject(STRICT)
    const { headers } = await client.list('?limit=1')
    const unchanged = await client.get('/media?limit=1', {
      headers: { ...HTTPS, 'if-none-match': headers.get('etag') ?? '' },
    })
    expect(unchanged.status).toBe(304)
    expect(headersOf(unchanged)).toMatchObject(STRICT)
  })

  it('are on the responses to an invalid path and to invalid HTTP, where the scheme is unknown', async () => {
    const { headers } = await client.get('/%')
    const { 'strict-transport-security': _, ...always } = STRICT
    expect(Object.fromEntries(headers)).toMatchObject(always)

    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write('no HTTP\r\n\r\n')
    const answer = await text(socket)
    for (const name of Object.keys(always)) {
      expect(answer).toMatch(new RegExp(`^${name}: `, 'm'))
    }
  })

  it('let other sites embed public images, in a sandbox', async () => {
    for (const path of [media.urls.scaled, media.urls.high, `/media/image/${media.id}`]) {
      const answer = await client.get(path, { headers: HTTPS })
      expect(answer.status).toBe(200)
      expect(headersOf(answer)).toMatchObject({
        ...STRICT,
        'cross-origin-resource-policy': 'cross-origin',
        'content-security-policy': "default-src 'none'; sandbox",
      })
    }
  })

  it('do not let other sites embed private images and originals', async () => {
    const owner = await signIn(alone)
    const { id, urls } = (await owner.add('An image', [], await makePng())).body.media
    for (const path of [urls.scaled, urls.high, `/media/original/${id}`]) {
      const answer = await owner.get(path)
      expect(headersOf(answer)).toMatchObject({
        'cross-origin-resource-policy': 'same-origin',
        'content-security-policy': "default-src 'none'; sandbox",
        'cache-control': 'private, no-cache',
      })
    }
  })
})

describe('HTTPS', () => {
  const signInAt = ({ url }: Server, headers: Record<string, string>) =>
    new Client(url).post(
      '/auth/login',
      { username: 'admin', password: ADMIN_PASSWORD },
      { headers },
    )
  const attributesOf = ({ headers }: { headers: Headers }) =>
    (headers.getSetCookie()[0] ?? '')
      .split('; ')
      .slice(1)
      .filter((attribute) => !/^(Max-Age|Expires)=/.test(attribute))
      .sort()

  it('makes the cookie as strict as its name allows', async () => {
    const answer = await signInAt(server, HTTPS)
    expect(attributesOf(answer)).toEqual(['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure'])
    expect(answer.headers.getSetCookie()).toHaveLength(1)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('is not assumed on the word of a client that is not a trusted proxy', async () => {
    const answer = await signInAt(alone, HTTPS)
    expect(attributesOf(answer)).toEqual(['HttpOnly', 'Path=/', 'SameSite=Strict'])
    expect(answer.headers.has('strict-transport-security')).toBe(false)
  })

  it('is not promised to a client on plain HTTP', async () => {
    const answer = await signInAt(server, {})
    expect(attributesOf(answer)).toEqual(['HttpOnly', 'Path=/', 'SameSite=Strict'])
    expect(answer.headers.has('strict-transport-security')).toBe(false)
  })
})

describe('CORS', () => {
  const origin = 'https://evil.example'
  const cors = ({ headers }: { headers: Headers }) =>
    [...headers.keys()].filter((name) => name.startsWith('access-control-'))

  it('is closed without allowed origins, also for preflights', async () => {
    for (const [method, path] of [
      ['GET', '/media?limit=1'],
      ['GET', '/auth/me'],
      ['GET', '/openapi.json'],
      ['OPTIONS', '/media/add'],
      ['OPTIONS', '/media'],
      ['OPTIONS', '/auth/login'],
      ['GET', `/media/original/${media.id}`],
    ] as const) {
      const answer = await client.request(method, path, {
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      })
      expect([method, path, cors(answer)]).toEqual([method, path, []])
    }
  })

  it('lets every origin read public images, but without credentials', async () => {
    const { headers } = await client.request('GET', media.urls.scaled, { headers: { origin } })
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.has('access-control-allow-credentials')).toBe(false)
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=b'])(
    'cannot be bypassed at the sign-in with the content type %s',
    async (type) => {
      const answer = await new Client(server.url).request('POST', '/auth/login', {
        headers: { origin, 'content-type': type },
        body: JSON.stringify({ username: 'admin', password: ADMIN_PASSWORD }),
      })
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([415, []])
    },
  )
})
