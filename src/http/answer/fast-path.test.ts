import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { connectTo, startServer } from '../test-server.ts'
import type { FastAnswer } from './fast-path.ts'

const READY: FastAnswer = {
  status: 200,
  headers: Object.entries({
    'content-type': 'text/plain',
    'content-length': '5',
    'content-security-policy': 'own',
    'cross-origin-resource-policy': 'cross-origin',
  }).flat(),
  hasOwnPolicies: true,
  body: Buffer.from('ready'),
}

/** A route with the given `fastPath`, which otherwise answers `usual`, and a route with a similar URL. */
const start = (
  fastPath: (request: {
    response: ServerResponse
    params: object
    query: object
  }) => FastAnswer | undefined | Promise<FastAnswer | undefined>,
  settings: Parameters<typeof startServer>[1] & { allowedOrigins?: string[] } = {},
) =>
  startServer((app) => {
    app.get('/:kind/:id', { config: { access: 'public', fastPath } }, async () => 'usual')
    app.get('/things/none', { config: { access: 'public' } }, async () => 'none')
  }, settings)

const ask = async (url: string, init: RequestInit = {}) => (await fetch(url, init)).text()

describe('a route with a fast path', () => {
  it('sends its answer with the headers of every answer; its own policies replace the usual ones', async () => {
    const { app, url } = await start(() => READY, { allowedOrigins: ['https://a.example'] })
    const response = await fetch(`${url}/things/1`)
    expect(await response.text()).toBe('ready')
    const usual = await app.inject('/things/1')
    expect(usual.body).toBe('usual')
    const { 'content-length': _, date: __, ...carried } = usual.headers
    for (const name of Object.keys(carried)) expect(response.headers.has(name), name).toBe(true)
    expect(response.headers.get('content-security-policy')).toBe('own')
    expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('vary')).toBe('Origin')
    expect(response.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/)
  })

  it('gets parameters and query as Fastify would pass them', async () => {
    const given: unknown[] = []
    const { url } = await start(({ params, query }) => {
      given.push({ params: { ...params }, query: { ...query } })
      return READY
    })
    await ask(`${url}/th%C3%AFngs/a%2Fb?limit=5&limit=6&name=%E6%9D%B1+x`)
    expect(given).toEqual([
      { params: { kind: 'thïngs', id: 'a/b' }, query: { limit: ['5', '6'], name: '東 x' } },
    ])
  })

  it('leaves the request to Fastify if it returns undefined or fails', async () => {
    const { url } = await start(() => undefined)
    expect(await ask(`${url}/things/1`)).toBe('usual')
    const throwing = await start(() => {
      throw new Error('No.')
    })
    expect(await ask(`${throwing.url}/things/1`)).toBe('usual')
    const rejecting = await start(() => Promise.reject(new Error('No.')))
    expect(await ask(`${rejecting.url}/things/1`)).toBe('usual')
    const later = await start(async () => undefined)
    expect(await ask(`${later.url}/things/1`)).toBe('usual')
    const promised = await start(async () => READY)
    expect(await ask(`${promised.url}/things/1`)).toBe('ready')
  })

  it.each([
    { method: 'HEAD' },
    { method: 'POST', body: 'x' },
    { headers: { range: 'bytes=0-1' } },
    { headers: { 'if-match': '"x"' } },
    { headers: { origin: 'https://a.example' } },
  ])('is not called for a request with %j', async (init) => {
    const fastPath = vi.fn(() => READY)
    const { url } = await start(fastPath)
    expect(await ask(`${url}/things/1`, init)).not.toBe('ready')
    expect(fastPath).not.toHaveBeenCalled()
  })

  it('answers for no other route', async () => {
    const { url } = await start(() => READY)
    expect(await ask(`${url}/things/none`)).toBe('none')
    expect(await ask(`${url}/things/none/`)).not.toBe('ready')
    expect(await ask(`${url}/things/none2`)).toBe('ready')
  })

  it('demands HTTPS from now on if a trusted proxy reports HTTPS', async () => {
    const askOver = async (trustedProxies: string[], protocol: string) => {
      const { url } = await start(() => READY, { trustedProxies })
      const { headers } = await fetch(`${url}/things/1`, {
        headers: { 'x-forwarded-proto': protocol },
      })
      return headers.has('strict-transport-security')
    }
    expect(await askOver(['127.0.0.1'], 'https')).toBe(true)
    expect(await askOver(['127.0.0.1'], 'http, https')).toBe(true)
    expect(await askOver(['127.0.0.1'], 'https, http')).toBe(false)
    expect(await askOver(['203.0.113.7'], 'https')).toBe(false)
    expect(await askOver([], 'https')).toBe(false)
  })

  it('is logged and measured once, like any other', async () => {
    const user = { id: 7 }
    const { url, log, logged } = await start(async () => ({ ...READY, user }), {
      metricsToken: 'a token of some length',
    })
    await ask(`${url}/things/1?secret=x`)
    const line = await logged(({ msg }) => msg === 'request')
    expect(line).toMatchObject({ method: 'GET', path: '/things/1', status: 200, user: 7 })
    expect(line.requestId).toMatch(/^[\da-f-]{36}$/)
    expect(line.aborted).toBeUndefined()
    expect(log.join('')).not.toContain('secret')
    const headers = { authorization: 'Bearer a token of some length' }
    expect(await ask(`${url}/metrics`, { headers })).toContain(
      'http_request_duration_seconds_count{method="GET",route="/:kind/:id",status="200"} 1',
    )
    expect(log.filter((text) => text.includes('/things/1'))).toHaveLength(1)
  })

  it('is logged once if the client leaves before the answer', async () => {
    const asked = Promise.withResolvers<void>()
    const left = Promise.withResolvers<void>()
    const { port, log, logged } = await start(async ({ response }) => {
      response.once('close', left.resolve)
      asked.resolve()
      await left.promise
      return READY
    })
    const client = await connectTo(port)
    await client.send('GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await asked.promise
    client.socket.destroy()
    const line = await logged(({ msg }) => msg === 'request')
    expect(line).toMatchObject({ path: '/things/1', aborted: true })
    expect(line.status).toBeUndefined()
    await nextTurn()
    expect(log.filter((text) => text.includes('/things/1'))).toHaveLength(1)
  })

  it('ends its connection if the server closes meanwhile', async () => {
    const closing = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const { app, port } = await start(async () => {
      asked.resolve()
      await closing.promise
      return READY
    })
    const client = await connectTo(port)
    await client.send('GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await asked.promise
    const closed = app.close()
    await expect.poll(() => app.server.listening).toBe(false)
    closing.resolve()
    expect((await client.closed()).received).toMatch(/^HTTP\/1\.1 200 OK.*ready$/s)
    await closed
  })
})
