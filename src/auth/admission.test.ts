import { Readable } from 'node:stream'
import Fastify, { type InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { writeAs } from '../audit/record.ts'
import { createRecorders } from '../database/recorder.ts'
import { setDisabled, setRole } from './accounts/accounts.ts'
import { actorOf } from './actor.ts'
import { authPlugin } from './admission.ts'
import { createSessionCookie } from './session/cookie.ts'
import { identifyBySession, openOwnSessions } from './session/identify-by-session.ts'
import { endAllSessions } from './session/session-list.ts'
import { createTestApp } from './test-app.ts'

describe('access', () => {
  it('is required: a route that does not declare it cannot be registered', async () => {
    const { app } = await createTestApp()
    expect(() => app.get('/a', async () => '')).toThrow('GET /a does not declare')
    expect(() => app.post('/b', { config: {} }, async () => '')).toThrow('POST /b')
    const access = 'view-medai' as 'view-media'
    expect(() => app.get('/c', { config: { access } }, async () => '')).toThrow('GET /c')
    await expect(
      app.register(async (scope) => {
        scope.get('/d', async () => '')
      }),
    ).rejects.toThrow('GET /d')
  })

  it('is denied to a route that was added before the plugin', async () => {
    const { database } = await createTestApp()
    const app = Fastify()
    app.get('/early', async () => 'secret')
    const cookie = createSessionCookie({ cookieName: 'refreshToken', cookieDomain: undefined })
    const { uses } = createRecorders(database, app.log)
    const own = await openOwnSessions(database, uses)
    const identify = identifyBySession(database, uses, cookie, own)
    await app.register(authPlugin({ identify, allowedOrigins: [], database }))
    const response = await app.inject('/early')
    expect(response.statusCode).toBe(500)
    expect(response.body).not.toContain('secret')
    await app.close()
  })

  it.each([
    // method, route; status without a session, for vera (viewer), for ed (editor)
    ['GET', '/public', 200, 200, 200],
    ['GET', '/session', 401, 200, 200],
    ['HEAD', '/session', 401, 200, 200],
    ['GET', '/media', 401, 200, 200],
    ['POST', '/media/edit', 401, 403, 200],
    ['GET', '/unknown', 404, 404, 404],
  ] as const)('%s %s', async (method, url, nobody, viewer, editor) => {
    const { app, signIn } = await createTestApp()
    expect((await app.inject({ method, url })).statusCode).toBe(nobody)
    for (const [username, status] of Object.entries({ vera: viewer, ed: editor })) {
      const { token, accessToken } = await signIn(username)
      const cookies = { refreshToken: token }
      expect((await app.inject({ method, url, cookies })).statusCode).toBe(status)
      const headers = { authorization: `Bearer ${accessToken}` }
      expect((await app.inject({ method, url, headers })).statusCode).toBe(status)
    }
  })

  it('passes the user to the route', async () => {
    const { signIn, get, app } = await createTestApp()
    const { token } = await signIn('ed')
    expect((await get('/session', token)).json()).toEqual({
      id: 2,
      username: 'ed',
      roles: ['editor'],
      permissions: ['view-media', 'edit-media', 'add-media', 'delete-media'],
      sessionId: expect.any(String),
      reusableUntil: expect.any(Number),
    })
    expect((await app.inject('/public')).statusCode).toBe(200)
  })

  it('refuses in the order of session, origin, permission, each with a detail', async () => {
    const { app, signIn } = await createTestApp()
    const { token } = await signIn('vera')
    const ask = async (refreshToken: string, origin: string) => {
      const response = await app.inject({
        method: 'POST',
        url: '/media/edit',
        headers: { origin, host: 'vitrine.test' },
        cookies: { refreshToken },
      })
      return response.json()
    }
    expect(await ask('nonsense', 'https://evil.test')).toEqual({
      data: 'Unauthorized',
      code: 401,
      error: 'unauthorized',
      detail: expect.stringContaining('POST /auth/login'),
    })
    expect(await ask(token, 'https://evil.test')).toEqual({
      data: 'Forbidden',
      code: 403,
      error: 'forbidden',
      detail: expect.stringContaining('other sites'),
    })
    expect(await ask(token, 'http://vitrine.test')).toEqual({
      data: 'Forbidden',
      code: 403,
      error: 'forbidden',
      detail: expect.stringContaining('needs the permission edit-media'),
    })
  })
})

describe('the origin of a change', () => {
  const allowed = 'https://admin.vitrine.test'
  const own = 'https://vitrine.test'
  const evil = 'https://evil.test'

  const cases: [who: string, headers: InjectOptions['headers'], status: number][] = [
    ['no browser', {}, 200],
    ['own page', { 'sec-fetch-site': 'same-origin', origin: own }, 200],
    ['own page, old browser', { origin: own }, 200],
    ['own page, default port', { origin: own, host: 'vitrine.test:443' }, 200],
    ['own page, host in capitals', { origin: own, host: 'Vitrine.Test' }, 200],
    ['address bar', { 'sec-fetch-site': 'none' }, 200],
    ['other site', { 'sec-fetch-site': 'cross-site', origin: evil }, 403],
    ['other site, no origin', { 'sec-fetch-site': 'cross-site' }, 403],
    ['other site, claims own origin', { 'sec-fetch-site': 'cross-site', origin: own }, 403],
    ['other site, old browser', { origin: evil }, 403],
    ['own host as a part of another', { origin: 'https://vitrine.test.evil.test' }, 403],
    ['other port', { origin: 'https://vitrine.test:8443' }, 403],
    ['sub-domain', { 'sec-fetch-site': 'same-site', origin: 'https://x.vitrine.test' }, 403],
    ['sub-domain, no origin', { 'sec-fetch-site': 'same-site' }, 403],
    ['allowed', { 'sec-fetch-site': 'same-site', origin: allowed }, 200],
    ['allowed, old browser', { origin: allowed }, 200],
    ['allowed, but on another site', { 'sec-fetch-site': 'cross-site', origin: allowed }, 403],
    ['allowed, other scheme', { origin: 'http://admin.vitrine.test' }, 403],
    ['null', { origin: 'null' }, 403],
    ['null of another site', { 'sec-fetch-site': 'cross-site', origin: 'null' }, 403],
    ['null of the same site', { 'sec-fetch-site': 'same-site', origin: 'null' }, 403],
    ['nonsense', { origin: 'nonsense' }, 403],
    ['empty', { origin: '' }, 403],
    ['page from a file', { origin: 'file://' }, 403],
    ['unknown site', { 'sec-fetch-site': 'moon', origin: own }, 403],
    [
      'own, through a proxy',
      { origin: own, host: 'inner', 'x-forwarded-host': 'vitrine.test' },
      200,
    ],
    ['other, through a proxy', { origin: evil, host: 'evil.test', 'x-forwarded-host': 'x' }, 403],
  ]

  it('decides whether a change is let through', async () => {
    const { app, signIn } = await createTestApp({ allowedOrigins: [allowed] })
    const { token } = await signIn('ed')
    for (const [who, headers, status] of cases) {
      const response = await app.inject({
        method: 'POST',
        url: '/media/edit',
        headers: { host: 'vitrine.test', ...headers },
        cookies: { refreshToken: token },
      })
      expect.soft(response.statusCode, who).toBe(status)
    }
  })

  it('is read from X-Forwarded-Host only if a trusted proxy sends it', async () => {
    const { app, signIn } = await createTestApp()
    const { token } = await signIn('ed')
    const response = await app.inject({
      method: 'POST',
      url: '/media/edit',
      remoteAddress: '192.0.2.1',
      headers: { origin: evil, host: 'vitrine.test', 'x-forwarded-host': 'evil.test' },
      cookies: { refreshToken: token },
    })
    expect(response.statusCode).toBe(403)
  })

  it('does not matter for reads, access tokens and public routes', async () => {
    const { app, signIn, logIn } = await createTestApp()
    const { token, accessToken } = await signIn('ed')
    const foreign = { 'sec-fetch-site': 'cross-site', origin: evil }
    const cookies = { refreshToken: token }
    const reading = await app.inject({ url: '/media', headers: foreign, cookies })
    expect(reading.statusCode).toBe(200)
    const headers = { ...foreign, authorization: `Bearer ${accessToken}` }
    const editing = await app.inject({ method: 'POST', url: '/media/edit', headers, cookies })
    expect(editing.statusCode).toBe(200)
    expect((await logIn('ed', 'wrong password')).statusCode).toBe(401)
  })

  it('matters for sign-out, even with an access token', async () => {
    const { app, signIn } = await createTestApp()
    const { token, accessToken } = await signIn('ed')
    const logOut = (headers: Record<string, string>) =>
      app.inject({
        method: 'POST',
        url: '/auth/logout',
        headers: { ...headers, authorization: `Bearer ${accessToken}` },
        cookies: { refreshToken: token },
      })
    expect((await logOut({ origin: evil })).statusCode).toBe(403)
    expect((await logOut({ origin: 'http://localhost:80' })).statusCode).toBe(200)
  })
})

describe('CORS', () => {
  const origin = 'https://admin.vitrine.test'
  const preflight = { origin, 'access-control-request-method': 'POST' }
  const granted = {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': expect.stringMatching(
      /^X-Total-Count, ETag, Retry-After, X-Media-Id, X-Media-Duplicates, Location, .*Upload-Expires$/,
    ),
    vary: 'Origin',
  }

  it('is granted to allowed origins on every answer, errors and 304 included', async () => {
    const { app, signIn } = await createTestApp({ allowedOrigins: [origin] })
    const { token } = await signIn('vera')
    const cookies = { refreshToken: token }
    const expected = { '/media': 200, '/not-modified': 304, '/unknown': 404, '/public': 200 }
    for (const [url, status] of Object.entries(expected)) {
      const response = await app.inject({ url, headers: { origin }, cookies })
      expect(response.statusCode).toBe(status)
      expect(response.headers).toMatchObject(granted)
    }
    const refused = await app.inject({ url: '/media', headers: { origin } })
    expect(refused.statusCode).toBe(401)
    expect(refused.headers).toMatchObject(granted)
  })

  it('is not granted to other origins', async () => {
    const { app } = await createTestApp({ allowedOrigins: [origin] })
    for (const headers of [{}, { origin: 'https://evil.test' }, { origin: 'null' }]) {
      const response = await app.inject({ url: '/public', headers })
      expect(response.headers['access-control-allow-origin']).toBeUndefined()
      expect(response.headers.vary).toBe('Origin')
    }
    const { app: without } = await createTestApp()
    const response = await without.inject({ url: '/public', headers: { origin } })
    expect(response.headers).not.toHaveProperty('vary')
    expect(response.headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('answers preflights of allowed origins on every route', async () => {
    const { app } = await createTestApp({ allowedOrigins: [origin] })
    for (const url of ['/media', '/media/edit', '/media/add']) {
      const response = await app.inject({ method: 'OPTIONS', url, headers: preflight })
      expect(response.statusCode).toBe(204)
      expect(response.headers).toMatchObject({
        ...granted,
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
        'access-control-allow-headers':
          'content-type, authorization, if-match, if-none-match, range, tus-resumable, ' +
          'upload-length, upload-offset, upload-metadata, upload-checksum, x-http-method-override',
      })
      expect(response.headers).not.toHaveProperty('x-own')
    }
  })

  it('leaves every other OPTIONS to its route', async () => {
    const { app } = await createTestApp({ allowedOrigins: [origin] })
    const evil = { ...preflight, origin: 'https://evil.test' }
    for (const headers of [{}, { origin }, evil]) {
      const own = await app.inject({ method: 'OPTIONS', url: '/media/add', headers })
      expect(own.headers).toHaveProperty('x-own')
      expect(own.headers).not.toHaveProperty('access-control-allow-methods')
      const none = await app.inject({ method: 'OPTIONS', url: '/media', headers })
      expect(none.statusCode).toBe(404)
    }
  })
})

/** An app with a route that works in three transactions. `before` sets what happens before one of them. */
async function openWorking() {
  const house = await createTestApp()
  const { app, database } = house
  const done: number[] = []
  let meanwhile = async (_round: number) => {}
  app.post('/work', { config: { access: 'edit-media' } }, async (request) => {
    const by = actorOf(request)
    for (const round of [1, 2, 3]) {
      await meanwhile(round)
      await writeAs(database, by, async () => done.push(round))
    }
    return 'done'
  })
  const before = (round: number, what: () => Promise<unknown>) => {
    meanwhile = async (at) => {
      if (at === round) await what()
    }
  }
  return { ...house, done, before }
}

describe.each(['cookie', 'access token', 'personal token'])('work by %s', (by) => {
  it.each([
    ['the account is disabled', 401],
    ['the permission is withdrawn', 403],
    ['the session or token is ended', 401],
  ])('ends at the next transaction when %s', async (what, status) => {
    const { signIn, send, database, done, before } = await openWorking()
    const { token, accessToken } = await signIn('ed')
    const made = await send('POST', '/auth/tokens', {
      token,
      body: { name: 'a', permissions: ['edit-media'], days: 1 },
    })
    const { secret, token: personal } = made.json()
    const credentials =
      by === 'cookie' ? { token } : { bearer: by === 'access token' ? accessToken : secret }
    expect((await send('POST', '/work', credentials)).statusCode).toBe(200)
    expect(done.splice(0)).toEqual([1, 2, 3])

    before(2, async () => {
      if (what === 'the account is disabled') await setDisabled(database, 'ed', true)
      else if (what === 'the permission is withdrawn') await setRole(database, 'ed', 'viewer')
      else if (by === 'personal token')
        await send('DELETE', `/auth/tokens/${personal.id}`, { token })
      else await endAllSessions(database, 'ed')
    })
    expect((await send('POST', '/work', credentials)).statusCode).toBe(status)
    expect(done).toEqual([1])
  })
})

it('a long response is aborted when its client loses access', async () => {
  const { app, signIn, database } = await createTestApp()
  const body = new Readable({ read() {} })
  body.push('the beginning')
  app.get('/long', { config: { access: 'view-media' } }, async (_request, reply) =>
    reply.send(body),
  )
  const { token } = await signIn('vera')
  const closed = new Promise((resolve) => body.once('close', () => resolve('closed')))
  body.on('error', () => {})
  const answer = app
    .inject({ url: '/long', cookies: { refreshToken: token } })
    .catch(() => 'cut off')
  await setDisabled(database, 'vera', true)
  expect(await closed).toBe('closed')
  await answer
  expect(body.errored).toMatchObject({ status: 401 })
})
