import { decodeJwt, decodeProtectedHeader, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { readDeliverySecret } from '../../images/digests.ts'
import { createTestApp, MINUTE, openTestDatabase } from '../test-app.ts'
import { openAccessTokens } from './access-tokens.ts'

async function signInAsVera() {
  const test = await createTestApp()
  const { token, accessToken } = await test.signIn('vera')
  const { value } = await test.database.read
    .selectFrom('secrets')
    .select('value')
    .where('name', '=', 'access-token')
    .executeTakeFirstOrThrow()
  const statusWith = async (jwt: string) =>
    (await test.getWithAccessToken('/media', jwt)).statusCode
  return { test, token, accessToken, secret: Buffer.from(value, 'base64url'), statusWith }
}

it('names the user, for 15 minutes', async () => {
  const { test, accessToken, statusWith } = await signInAsVera()
  const now = Math.floor(test.clock() / 1000)
  expect(decodeProtectedHeader(accessToken)).toEqual({ alg: 'HS256', typ: 'JWT' })
  expect(decodeJwt(accessToken)).toEqual({
    iss: 'vitrine',
    aud: 'vitrine-api',
    sub: '1',
    sid: expect.any(String),
    roles: ['viewer'],
    permissions: ['view-media'],
    iat: now,
    exp: now + 15 * 60,
  })
  test.clock.advance(15 * MINUTE - 1000)
  expect(await statusWith(accessToken)).toBe(200)
  test.clock.advance(1000)
  expect(await statusWith(accessToken)).toBe(401)
})

it('grants no permission by its own claims', async () => {
  const { accessToken, secret, test } = await signInAsVera()
  const claims = { ...decodeJwt(accessToken), permissions: ['view-media', 'edit-media'] }
  const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret)
  const response = await test.app.inject({
    method: 'POST',
    url: '/media/edit',
    headers: { authorization: `Bearer ${forged}` },
  })
  expect(response.statusCode).toBe(403)
})

describe('is refused', () => {
  it('without a signature, shortened or changed', async () => {
    const { accessToken, statusWith } = await signInAsVera()
    const [header, payload, signature] = accessToken.split('.')
    const unsigned = new UnsecuredJWT(decodeJwt(accessToken)).encode()
    expect(await statusWith(unsigned)).toBe(401)
    expect(await statusWith(`${unsigned}${signature}`)).toBe(401)
    expect(await statusWith(`${header}.${payload}.`)).toBe(401)
    expect(await statusWith(`${header}.${payload}x.${signature}`)).toBe(401)
    expect(await statusWith('nonsense')).toBe(401)
    expect(await statusWith('')).toBe(401)
    expect(await statusWith(accessToken)).toBe(200)
  })

  it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
    ['for another audience', (claims) => ({ ...claims, aud: 'another' })],
    ['for no audience', ({ aud: _, ...claims }) => claims],
    ['from another issuer', (claims) => ({ ...claims, iss: 'another' })],
    ['without an expiry', ({ exp: _, ...claims }) => claims],
    ['without a session', ({ sid: _, ...claims }) => claims],
    ['with a session that is not text', (claims) => ({ ...claims, sid: 5 })],
    ['with an unknown session', (claims) => ({ ...claims, sid: 'unknown' })],
    ['for another user than that of the session', (claims) => ({ ...claims, sub: '3' })],
    ['before its time', (claims) => ({ ...claims, nbf: Number(claims.iat) + 60 })],
  ])('%s', async (_what, change) => {
    const { accessToken, secret, statusWith } = await signInAsVera()
    const sign = (claims: Record<string, unknown>) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret)
    expect(await statusWith(await sign(decodeJwt(accessToken)))).toBe(200)
    expect(await statusWith(await sign(change(decodeJwt(accessToken))))).toBe(401)
  })

  it('with another key or algorithm', async () => {
    const { accessToken, secret, statusWith } = await signInAsVera()
    const token = new SignJWT(decodeJwt(accessToken))
    const otherKey = Buffer.alloc(32, 1)
    expect(await statusWith(await token.setProtectedHeader({ alg: 'HS256' }).sign(otherKey))).toBe(
      401,
    )
    const otherAlgorithm = new SignJWT(decodeJwt(accessToken)).setProtectedHeader({ alg: 'HS512' })
    expect(await statusWith(await otherAlgorithm.sign(Buffer.concat([secret, secret])))).toBe(401)
  })

  it('from another library', async () => {
    const { accessToken, statusWith } = await signInAsVera()
    const { statusWith: statusElsewhere, accessToken: other } = await signInAsVera()
    expect(await statusWith(accessToken)).toBe(200)
    expect(await statusElsewhere(accessToken)).toBe(401)
    expect(await statusWith(other)).toBe(401)
  })
})

it('takes precedence over the cookie, and other schemes are ignored', async () => {
  const { test, token, accessToken } = await signInAsVera()
  const ask = async (authorization: string, refreshToken: string) => {
    const request = { url: '/media', headers: { authorization }, cookies: { refreshToken } }
    return (await test.app.inject(request)).statusCode
  }
  expect(await ask('Bearer nonsense', token)).toBe(401)
  expect(await ask('Bearer', token)).toBe(401)
  expect(await ask(`bearer ${accessToken}`, 'nonsense')).toBe(200)
  expect(await ask('Basic dmVyYTp2ZXJh', token)).toBe(200)
  expect(await ask('Bearers nonsense', token)).toBe(200)
})

it('stays valid after a restart, because its key is stored', async () => {
  const { test, accessToken } = await signInAsVera()
  const tokens = await openAccessTokens(test.database)
  expect(await tokens.verify(accessToken, test.clock())).toMatchObject({ userId: 1 })
})

it.each(['', 'AAAA', Buffer.alloc(32).toString('base64url')])(
  'is not signed with an empty or default secret: %s',
  async (value) => {
    const { database } = await openTestDatabase()
    for (const name of ['access-token', 'delivery']) {
      await database.write((trx) =>
        trx.updateTable('secrets').set({ value }).where('name', '=', name).execute(),
      )
    }
    await expect(openAccessTokens(database)).rejects.toMatchObject({ code: 'secret-unfit' })
    await expect(readDeliverySecret(database.read)).rejects.toMatchObject({ code: 'secret-unfit' })
  },
)
