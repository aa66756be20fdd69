import { describe, expect, it } from 'vitest'
import {
  CLAIMS,
  createExternalApp,
  createKey,
  now,
  signToken,
  startKeyServer,
} from '../external/external.fixture.ts'
import { createTestApp, MINUTE } from '../test-app.ts'

/** A value that a page on a sub-domain or on another path may have left in the browser. */
const FOREIGN = 'a'.repeat(43)

const cookieOf = (...values: string[]) => values.map((value) => `refreshToken=${value}`).join('; ')

describe('of several cookies of the same name', () => {
  it.each([
    ['before', (own: string) => cookieOf(FOREIGN, own)],
    ['after', (own: string) => cookieOf(own, FOREIGN)],
    ['before, in quotes', (own: string) => `a=b; refreshToken="${FOREIGN}";refreshToken=${own}`],
    ['before, without the form of a token', (own: string) => cookieOf('', 'x', 'a=b', own)],
    [
      'before, and very many of another service',
      (own: string) => cookieOf(...Array.from({ length: 50 }, (_, index) => `a.b.${index}`), own),
    ],
  ])('the valid one counts on every route: a foreign one %s', async (_where, header) => {
    const { app, signIn } = await createTestApp()
    const { token } = await signIn('ed')
    const headers = { cookie: header(token) }
    for (const url of ['/media', '/auth/me', '/auth/sessions']) {
      expect.soft((await app.inject({ url, headers })).statusCode, url).toBe(200)
    }
    const edit = await app.inject({ method: 'POST', url: '/media/edit', headers })
    expect(edit.statusCode).toBe(200)
    const login = await app.inject({
      method: 'POST',
      url: '/auth/login',
      headers,
      payload: { username: 'ed', password: 'correct horse battery' },
    })
    expect(login.statusCode).toBe(200)
  })

  it('the valid one still does not admit pages of other sites', async () => {
    const { app, signIn } = await createTestApp()
    const { token } = await signIn('ed')
    const headers = { cookie: cookieOf(FOREIGN, token), 'sec-fetch-site': 'cross-site' }
    const edit = await app.inject({ method: 'POST', url: '/media/edit', headers })
    expect(edit.statusCode).toBe(403)
  })

  it('the valid one is replaced when it is old', async () => {
    const { app, signIn, clock, get } = await createTestApp()
    const { token } = await signIn('ed')
    clock.advance(11 * MINUTE)
    const headers = { cookie: cookieOf(FOREIGN, token) }
    const [renewed] = (await app.inject({ url: '/auth/me', headers })).cookies
    expect(renewed?.value).not.toBe(token)
    expect((await get('/media', renewed?.value ?? '')).statusCode).toBe(200)
  })

  it('a replaced token beside the current one does not count as a replay', async () => {
    const { app, signIn, clock, get } = await createTestApp()
    const { token: old } = await signIn('ed')
    clock.advance(11 * MINUTE)
    const present = (await get('/auth/me', old)).cookies[0]?.value ?? ''
    expect((await get('/media', present)).statusCode).toBe(200)
    clock.advance(2 * MINUTE)
    for (const cookie of [cookieOf(old, present), cookieOf(present, old), cookieOf(present)]) {
      expect((await app.inject({ url: '/media', headers: { cookie } })).statusCode).toBe(200)
    }
    expect((await get('/media', old)).statusCode).toBe(401)
    expect((await get('/media', present)).statusCode).toBe(401)
  })

  it('sign-out ends the session of every cookie that the browser sends', async () => {
    const { app, signIn, get } = await createTestApp()
    const [one, two, elsewhere] = [await signIn('ed'), await signIn('vera'), await signIn('ed')]
    const headers = { cookie: cookieOf(FOREIGN, one.token, two.token) }
    const answer = await app.inject({ method: 'POST', url: '/auth/logout', headers })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['set-cookie']).toContain('refreshToken=; ')
    expect((await app.inject({ url: '/media', headers })).statusCode).toBe(401)
    expect((await get('/media', elsewhere.token)).statusCode).toBe(200)
  })

  it('only the first eight are looked up', async () => {
    const { app, signIn } = await createTestApp()
    const { token } = await signIn('ed')
    const foreign = (count: number) =>
      Array.from({ length: count }, (_, index) => `${'a'.repeat(40)}${100 + index}`)
    const ask = async (count: number) => {
      const headers = { cookie: cookieOf(...foreign(count), token) }
      return (await app.inject({ url: '/media', headers })).statusCode
    }
    expect([await ask(7), await ask(8)]).toEqual([200, 401])
  })

  it('the valid token of an external service counts', async () => {
    const key = await createKey('ES256', 'one')
    const { url } = await startKeyServer(key)
    const { app } = await createExternalApp({ keys: { url }, algorithms: ['ES256'] })
    const good = await key.sign()
    const others = [
      await key.sign({ ...CLAIMS, exp: now() - 60 }),
      await key.sign({ ...CLAIMS, sub: '' }),
      await (await createKey('ES256', 'one')).sign(),
      await signToken(CLAIMS),
      'a.b.c',
    ]
    for (const cookie of [cookieOf(...others, good), cookieOf(good, ...others)]) {
      expect((await app.inject({ url: '/media', headers: { cookie } })).statusCode).toBe(200)
    }
    const headers = { cookie: cookieOf(...others) }
    expect((await app.inject({ url: '/media', headers })).statusCode).toBe(401)
  })
})

describe('the cookie with other settings', () => {
  it('has their name and domain, also when it is replaced and cleared', async () => {
    const { app, logIn, clock } = await createTestApp({
      cookieName: 'second',
      cookieDomain: 'media.example',
    })
    const signedIn = await logIn('ed', 'correct horse battery')
    const [cookie] = signedIn.cookies
    expect(cookie).toMatchObject({
      name: 'second',
      domain: 'media.example',
      path: '/',
      httpOnly: true,
      sameSite: 'Strict',
    })
    const value = cookie?.value ?? ''
    const other = { cookie: cookieOf(value) }
    expect((await app.inject({ url: '/media', headers: other })).statusCode).toBe(401)
    clock.advance(11 * MINUTE)
    const headers = { cookie: `second=${value}` }
    const [renewed] = (await app.inject({ url: '/auth/me', headers })).cookies
    expect(renewed).toMatchObject({ name: 'second', domain: 'media.example', path: '/' })
    const answer = await app.inject({ method: 'POST', url: '/auth/logout', headers })
    const [cleared] = answer.cookies
    expect(cleared).toMatchObject({ name: 'second', value: '', domain: 'media.example', path: '/' })
  })

  it('is Secure if its name requires it', async () => {
    const { logIn } = await createTestApp({ cookieName: '__Host-session' })
    const [cookie] = (await logIn('ed', 'correct horse battery')).cookies
    expect(cookie).toMatchObject({ name: '__Host-session', secure: true, path: '/' })
    expect(cookie).not.toHaveProperty('domain')
  })
})
