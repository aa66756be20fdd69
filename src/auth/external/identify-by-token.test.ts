import { exportSPKI, importJWK, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  AUDIENCE,
  CLAIMS,
  createExternalApp,
  createKey,
  ISSUER,
  now,
  signToken,
  startKeyServer,
} from './external.fixture.ts'

describe('a token of another service', () => {
  it.each(['RS256', 'PS384', 'ES256', 'ES512', 'EdDSA'])('passes, signed with %s', async (alg) => {
    const key = await createKey(alg, 'one')
    const { url } = await startKeyServer(await createKey('ES384', 'other'), key)
    const { ask } = await createExternalApp({ keys: { url }, algorithms: [alg] })
    const answer = await ask(await key.sign())
    expect(answer.json()).toEqual({
      user: { id: 'vera', username: 'vera', roles: [], permissions: ['view-media'] },
    })
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers).not.toHaveProperty('set-cookie')
  })

  it.each([
    ['HS256', 32],
    ['HS512', 64],
  ])('passes, signed with a secret and %s', async (alg, bytes) => {
    const secret = 'ä'.repeat(bytes / 2)
    const { ask } = await createExternalApp({ keys: { secret }, algorithms: [alg] })
    const token = await signToken(CLAIMS, Buffer.from(secret), { alg })
    expect((await ask(token)).statusCode).toBe(200)
  })

  it('passes in Authorization, which counts before the cookie', async () => {
    const { app } = await createExternalApp()
    const token = await signToken(CLAIMS)
    const request = (authorization: string, cookie = '') =>
      app.inject({ url: '/auth/me', headers: { authorization, cookie } })
    expect((await request(`Bearer ${token}`)).json()).toMatchObject({ user: { id: 'vera' } })
    const wrong = await request('Bearer ', `refreshToken=${token}`)
    expect(wrong.statusCode).toBe(401)
    expect(wrong.headers['www-authenticate']).toBe('Bearer')
    expect(wrong.json().detail).toContain('in Authorization')
  })

  it('passes beside an old cookie of Vitrine’s own sign-in', async () => {
    const { app } = await createExternalApp()
    const own = 'a'.repeat(43)
    const cookie = `refreshToken=${own}; refreshToken="${await signToken(CLAIMS)}"; b=c`
    const answer = await app.inject({ url: '/auth/me', headers: { cookie } })
    expect(answer.statusCode).toBe(200)
  })

  it.each<[is: string, claims: object, detail: string]>([
    ['of another issuer', { iss: 'https://evil.example' }, '"iss"'],
    ['of an issuer with a longer name', { iss: `${ISSUER}/` }, '"iss"'],
    ['without an issuer', { iss: undefined }, 'lacks the claim "iss"'],
    ['for another audience', { aud: 'shop' }, '"aud"'],
    ['for several other audiences', { aud: ['shop', 'mail'] }, '"aud"'],
    ['without an audience', { aud: undefined }, 'lacks the claim "aud"'],
    ['that has expired', { exp: now() - 60 }, 'has expired'],
    ['that never expires', { exp: undefined }, 'lacks the claim "exp"'],
    ['that is not valid yet', { nbf: now() + 60 }, '"nbf"'],
    ['that names no user', { sub: undefined }, '"sub"'],
    ['for a user without a name', { sub: ' ' }, '"sub"'],
    ['for a user whose name controls a terminal', { sub: 'vera\u001b[2J' }, '"sub"'],
    ['for a user with a very long name', { sub: 'v'.repeat(256) }, '"sub"'],
    ['for a user that is an object', { sub: {} }, '"sub"'],
  ])('is refused, %s', async (_is, claims, detail) => {
    const { ask } = await createExternalApp()
    const answer = await ask(await signToken({ ...CLAIMS, ...claims }))
    expect(answer.statusCode).toBe(401)
    expect(answer.json()).toMatchObject({ data: 'Unauthorized', code: 401 })
    expect(answer.json().detail).toContain(detail)
  })

  it('passes for several audiences, and with clocks that differ by seconds', async () => {
    const { statuses } = await createExternalApp()
    const sign = (claims: object) => signToken({ ...CLAIMS, ...claims })
    expect(
      await statuses(
        await sign({ aud: ['shop', AUDIENCE] }),
        await sign({ exp: now() - 3 }),
        await sign({ nbf: now() + 3 }),
      ),
    ).toEqual([200, 200, 200])
  })

  it.each(['', 'nonsense', 'a.b.c', `${'a'.repeat(43)}`, '..', 'eyJ.eyJ.'])(
    'is not %j',
    async (text) => {
      const { ask, app } = await createExternalApp({ signInUrl: '/house/sign-in' })
      const answer = await ask(text)
      expect(answer.statusCode).toBe(401)
      expect(answer.json().detail).toContain('sign in at /house/sign-in')
      const authorization = `Bearer ${text}`
      const bearer = await app.inject({ url: '/auth/me', headers: { authorization } })
      expect(bearer.statusCode).toBe(401)
    },
  )

  it('is refused without a signature, with another algorithm or with a foreign key', async () => {
    const key = await createKey('RS256', 'one')
    const { url } = await startKeyServer(key)
    const { statuses } = await createExternalApp({ keys: { url }, algorithms: ['RS256'] })
    const good = await key.sign()
    const [header = '', payload = '', signature = ''] = good.split('.')

    const none = new UnsecuredJWT({ ...CLAIMS, exp: now() + 300 }).encode()
    const noneSigned = `${none.split('.')[0]}.${payload}.${signature}`
    const unsigned = `${header}.${payload}.`
    // Signed with the public key as the secret: every client can read that key.
    const publicKey = (await importJWK({ ...key.jwk, ext: true }, 'RS256')) as CryptoKey
    const swapped = await Promise.all(
      [await exportSPKI(publicKey), JSON.stringify(key.jwk), key.jwk.n ?? ''].map((text) =>
        signToken(CLAIMS, Buffer.from(text), { alg: 'HS256', kid: 'one' }),
      ),
    )
    const foreign = await (await createKey('RS256', 'one')).sign()
    const unnamed = await (await createKey('RS256', 'two')).sign()
    const otherAlgorithm = await (await createKey('PS256', 'one')).sign()
    const admin = Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'admin', exp: now() + 300 }))
    const altered = `${header}.${admin.toString('base64url')}.${signature}`

    const bad = [none, noneSigned, unsigned, ...swapped, foreign, unnamed, otherAlgorithm, altered]
    expect(await statuses(good, ...bad, good)).toEqual([200, ...bad.map(() => 401), 200])
  })

  it('is refused if it carries its own key', async () => {
    const key = await createKey('ES256', 'one')
    const evil = await createKey('ES256', 'one')
    const elsewhere = await startKeyServer(evil)
    const { url } = await startKeyServer(key)
    const { statuses } = await createExternalApp({ keys: { url }, algorithms: ['ES256'] })
    const [, payload = '', signature = ''] = (await evil.sign()).split('.')
    const header = { alg: 'ES256', kid: 'one', jwk: evil.jwk, jku: elsewhere.url }
    const withKey = Buffer.from(JSON.stringify(header)).toString('base64url')
    expect(await statuses(`${withKey}.${payload}.${signature}`)).toEqual([401])
    expect(elsewhere.requests()).toBe(0)
  })

  it('is refused with another secret', async () => {
    const { statuses } = await createExternalApp()
    const guessed = await signToken(
      CLAIMS,
      Buffer.from('a secret that nobody shares with us, at all'),
    )
    expect(await statuses(await signToken(CLAIMS), guessed)).toEqual([200, 401])
  })
})

describe('the permissions of a token', () => {
  it('are those that this token names, whatever an earlier one named', async () => {
    const { ask } = await createExternalApp()
    const sign = (permissions?: unknown) => signToken({ ...CLAIMS, permissions })
    const allowing = await sign(['view-media'])
    expect((await ask(allowing, '/media')).statusCode).toBe(200)
    const withdrawn = await ask(await sign([]), '/media')
    expect(withdrawn.statusCode).toBe(403)
    expect(withdrawn.json().detail).toBe('The user "vera" needs the permission view-media.')
    const without = await sign()
    expect((await ask(without, '/media')).statusCode).toBe(403)
    expect((await ask(without)).json().user.permissions).toEqual([])
  })

  it('do not extend to pages of other sites', async () => {
    const { app } = await createExternalApp()
    const token = await signToken({ ...CLAIMS, permissions: 'edit-media' })
    const edit = async (headers: Record<string, string>) =>
      (await app.inject({ method: 'POST', url: '/media/edit', headers })).statusCode
    const cookie = `refreshToken=${token}`
    const origin = 'https://evil.example'
    expect(await edit({ cookie })).toBe(200)
    expect(await edit({ cookie, origin })).toBe(403)
    expect(await edit({ cookie, 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await edit({ authorization: `Bearer ${token}`, origin })).toBe(200)
  })
})

describe('the log', () => {
  it('names users and reasons, but no token', async () => {
    const { ask, log } = await createExternalApp()
    const tokens = [
      await signToken(CLAIMS),
      await signToken({ ...CLAIMS, sub: undefined, email: 'somebody@house.example' }),
      await signToken({ ...CLAIMS, aud: 'hidden audience' }),
      await signToken(CLAIMS, Buffer.from('a secret that nobody shares with us, at all')),
      'no.token.really',
    ]
    for (const token of tokens) await ask(token)
    expect(log()).toContain('"user":"vera"')
    expect(log()).toContain('has a claim \\"aud\\"')
    const parts = tokens.flatMap((token) => token.split('.').filter((part) => part.length > 10))
    for (const secret of [...parts, 'no.token', 'somebody', 'hidden', 'a secret']) {
      expect(log()).not.toContain(secret)
    }
  })
})
