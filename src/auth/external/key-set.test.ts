import type { JWK } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createExternalApp,
  createKey,
  type SigningKey,
  startKeyServer,
} from './external.fixture.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})
const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds)

async function start(...names: (string | undefined)[]) {
  const keys = await Promise.all(names.map((name) => createKey('ES256', name)))
  const server = await startKeyServer(...keys)
  const external = await createExternalApp({ keys: { url: server.url }, algorithms: ['ES256'] })
  return { server, keys, ...external }
}

describe('the keys of another service', () => {
  it('are fetched once for many requests', async () => {
    const { server, keys, ask } = await start('one')
    const token = (await keys[0]?.sign()) ?? ''
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(token)))
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]))
    expect(server.requests()).toBe(1)
  })

  it.each([
    { is: 'under another name', before: 'one', after: 'two' },
    { is: 'under the same name', before: 'one', after: 'one' },
    { is: 'without names', before: undefined, after: undefined },
  ])('are fetched again after a rotation, $is', async ({ before, after }) => {
    const { server, keys, statuses } = await start(before)
    const old = (await keys[0]?.sign()) ?? ''
    expect(await statuses(old)).toEqual([200])
    const next = await createKey('ES256', after)
    server.publish(next)
    pass(30 * SECOND)
    expect(await statuses(await next.sign(), old)).toEqual([200, 401])
    expect(server.requests()).toBe(2)
  })

  it('are tried in turn if a token does not name its key', async () => {
    const { keys, statuses } = await start(undefined, undefined, undefined)
    const tokens = await Promise.all(keys.map((key) => key.sign()))
    const foreign = await (await createKey('ES256')).sign()
    expect(await statuses(...tokens, foreign)).toEqual([200, 200, 200, 401])
  })

  it('are not fetched again for every token that no key fits', async () => {
    const { server, statuses } = await start('one')
    const foreign = await (await createKey('ES256', 'other')).sign()
    await statuses(...Array(10).fill(foreign))
    expect(server.requests()).toBe(1)
    pass(30 * SECOND)
    expect(new Set(await statuses(...Array(10).fill(foreign)))).toEqual(new Set([401]))
    expect(server.requests()).toBe(2)
  })

  it('are no longer accepted after they were withdrawn', async () => {
    const { server, keys, statuses } = await start('one')
    const token = (await keys[0]?.sign()) ?? ''
    expect(await statuses(token)).toEqual([200])
    server.publish(await createKey('ES256', 'two'))
    vi.setSystemTime(Date.now() + 11 * MINUTE)
    const still = (await keys[0]?.sign()) ?? ''
    expect(await statuses(still)).toEqual([401])
  })
})

describe('a faulty key server', () => {
  it.each<[does: string, Parameters<Awaited<ReturnType<typeof startKeyServer>>['behave']>[0]]>([
    ['closes the connection', (response) => response.destroy()],
    ['fails', (response) => response.writeHead(500).end('{"keys":[]}')],
    ['redirects', (response) => response.writeHead(302, { location: '/other' }).end()],
    ['sends no JSON', (response) => response.end('<html>')],
    ['sends another object', (response) => response.end('{"data":"OK"}')],
    ['sends no key', (response) => response.end('{"keys":[]}')],
    ['hangs', () => {}],
  ])('that %s causes 503 until it works again', async (_does, behaviour) => {
    const key = await createKey('ES256', 'one')
    const server = await startKeyServer()
    server.behave(behaviour)
    const { ask, log } = await createExternalApp({
      keys: { url: server.url },
      algorithms: ['ES256'],
    })
    const answer = await ask(await key.sign())
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toMatchObject({ data: 'Service busy', code: 503 })
    expect(answer.headers).toMatchObject({ 'retry-after': '5', 'cache-control': 'no-store' })
    expect(log()).toContain('The keys at VITRINE_AUTH_JWKS_URL could not be fetched')
    // The next request fails at once, without another fetch.
    expect((await ask(await key.sign())).statusCode).toBe(503)
    expect(server.requests()).toBe(1)

    server.publish(key)
    pass(6 * SECOND)
    expect((await ask(await key.sign())).statusCode).toBe(200)
  })

  it('is not needed for an hour, if its keys are known', async () => {
    const { server, keys, ask } = await start('one')
    const status = async () => (await ask((await keys[0]?.sign()) ?? '')).statusCode
    expect(await status()).toBe(200)
    server.behave((response) => response.destroy())
    pass(11 * MINUTE)
    expect(await status()).toBe(200)
    pass(45 * MINUTE)
    expect(await status()).toBe(200)
    // Nothing shows at the moment whether the key of this token is new or wrong.
    expect((await ask(await (await createKey('ES256', 'two')).sign())).statusCode).toBe(503)
    pass(10 * MINUTE)
    expect(await status()).toBe(503)
    expect((await ask('no.token.really')).statusCode).toBe(503)
    expect((await ask('')).statusCode).toBe(401)
  })

  it.each<[are: string, alg: string, published: (key: SigningKey) => JWK]>([
    ['broken', 'ES256', ({ jwk }) => ({ ...jwk, x: 'AAAA' })],
    ['too short', 'RS256', ({ jwk }) => ({ ...jwk, n: jwk.n?.slice(0, 171) ?? '' })],
    ['private', 'ES256', ({ privateJwk }) => privateJwk],
  ])('with keys that are %s causes 503, and not 401', async (_are, alg, published) => {
    const key = await createKey(alg, 'one')
    const { url } = await startKeyServer({ ...key, jwk: published(key) })
    const { ask, log } = await createExternalApp({ keys: { url }, algorithms: [alg] })
    const answer = await ask(await key.sign())
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('60')
    expect(log()).toContain('"level":40')
    expect(log()).not.toContain(key.privateJwk.d)
  })
})
