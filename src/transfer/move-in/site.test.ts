import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Type } from '../../http/schema.ts'
import { createSite, type Request, SourceFault } from './site.ts'

const Greeting = Type.Object({ hello: Type.String() })
const CREDENTIAL = { authorization: 'Bearer secret' }

/** @returns the URL of a program on 127.0.0.1 */
async function startProgram(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const siteAt = (url: string, waiting = {}, signal = new AbortController().signal) =>
  createSite({ url: new URL(url), signal }, 'Blog', CREDENTIAL, { firstPauseMs: 1, ...waiting })

const ask = async (url: string, request: Request = { path: 'api' }, waiting = {}) => {
  const { body } = await siteAt(url, waiting).ask(Greeting, request)
  return body
}
const refusal = (work: Promise<unknown>) =>
  work.then(
    (value) => expect.unreachable(JSON.stringify(value)),
    (error) => {
      expect(error).toBeInstanceOf(SourceFault)
      expect(error.message).not.toContain('secret')
      return String(error.message).replace(/127\.0\.0\.1:\d+/g, 'HOST')
    },
  )

const json =
  (body: unknown): RequestListener =>
  (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))

describe('a site', () => {
  it('is asked with the credential, in JSON', async () => {
    const asked: unknown[] = []
    const url = await startProgram(async (request, response) => {
      const { authorization, accept } = request.headers
      const body = (await Array.fromAsync(request)).join('')
      asked.push([request.method, request.url, authorization, accept, body])
      json({ hello: 'you', more: 1 })(request, response)
    })
    const sub = `${url}blog/`
    expect(await ask(sub, { path: 'api', query: { page: 2, _: 'ä' } })).toMatchObject({
      hello: 'you',
    })
    await ask(sub, { path: 'api', body: { size: 1 } })
    const head = ['Bearer secret', 'application/json']
    expect(asked).toEqual([
      ['GET', '/blog/api?page=2&_=%C3%A4', ...head, ''],
      ['POST', '/blog/api', ...head, '{"size":1}'],
    ])
  })

  it.each<[string, RequestListener]>([
    [
      'it does not accept the token for api: status 401 (Invalid API key)',
      (_, response) => response.writeHead(401).end('{"message":"Invalid\\n API key."}'),
    ],
    [
      'it does not accept the token for api: status 403 (No permission)',
      (_, response) => response.writeHead(403).end('{"errors":[{"message":"No permission"}]}'),
    ],
    ['it answered api with the status 404', (_, response) => response.writeHead(404).end('<p>')],
    [
      'it answered api with text/html that is no JSON',
      (_, response) =>
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>'),
    ],
    ['its answer to api is not what Blog sends (/ must have required properties hello)', json({})],
    ['its answer to api is not what Blog sends (/hello must be string)', json({ hello: 1 })],
    [
      'it redirects to http://other.example/api; give the address of the site itself',
      (_, response) =>
        response.writeHead(301, { location: 'http://other.example/api?key=secret' }).end(),
    ],
    [
      'it redirects over 5 times',
      (_, response) => response.writeHead(302, { location: '/api' }).end(),
    ],
    ['the connection broke off', (request) => request.socket.destroy()],
    [
      'the connection broke off',
      (request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('{')
        setImmediate(() => request.socket.destroy())
      },
    ],
    [
      'an answer is over 33554432 bytes',
      (_, response) => {
        const more = () => {
          while (!response.destroyed && response.write('x'.repeat(1024 * 1024)));
        }
        response.writeHead(200).on('drain', more)
        more()
      },
    ],
  ])('that does not answer as it should is told: %s', async (reason, answer) => {
    const url = await startProgram(answer)
    expect(await refusal(ask(url))).toBe(`Blog at http://HOST/ cannot be read: ${reason}.`)
  })

  it('that is not there, or does not answer, is told', async () => {
    const url = await startProgram(() => {})
    expect(await refusal(ask(url, { path: 'api' }, { answerSeconds: 0.1 }))).toBe(
      'Blog at http://HOST/ cannot be read: it did not answer api within 0.1 seconds.',
    )
    expect(await refusal(ask('http://127.0.0.1:1/'))).toMatch(/it refuses the connection|bad port/)
    expect(await refusal(ask('http://no-such-host.invalid/'))).toMatch(/its name /)
  })

  it('is asked again after what may pass, once it has answered', async () => {
    let asked = 0
    const failing: RequestListener[] = [
      (_, response) => response.writeHead(429, { 'retry-after': '0' }).end(),
      json({ hello: 'first' }),
      (_, response) => response.writeHead(503).end(),
      (request) => request.socket.destroy(),
      (_, response) => response.writeHead(500, { 'retry-after': new Date(0).toUTCString() }).end(),
      json({ hello: 'second' }),
      ...Array<RequestListener>(6).fill((_, response) => response.writeHead(502).end()),
      (_, response) => response.writeHead(429, { 'retry-after': '86400' }).end(),
    ]
    const url = await startProgram((request, response) => {
      failing[asked]?.(request, response)
      asked += 1
    })
    const site = siteAt(url)
    expect((await site.ask(Greeting, { path: 'a' })).body.hello).toBe('first')
    expect((await site.ask(Greeting, { path: 'b' })).body.hello).toBe('second')
    expect(asked).toBe(6)
    expect(await refusal(site.ask(Greeting, { path: 'c' }))).toMatch(/status 502/)
    expect(asked).toBe(12)
    // Nobody waits for a day.
    expect(await refusal(site.ask(Greeting, { path: 'd' }))).toMatch(/status 429/)
    expect(asked).toBe(13)
  })

  it('is not waited for any longer when the command is stopped', async () => {
    const stopping = new AbortController()
    const url = await startProgram(() => stopping.abort(new Error('stopped')))
    const site = siteAt(url, {}, stopping.signal)
    await expect(site.ask(Greeting, { path: 'api' })).rejects.toThrow('stopped')
  })

  it('that wants a token, and has none, says so', async () => {
    const url = await startProgram((_, response) => response.writeHead(401).end())
    const { signal } = new AbortController()
    const site = createSite({ url: new URL(url), signal }, 'Blog', {})
    expect(await refusal(site.ask(Greeting, { path: 'api' }))).toBe(
      'Blog at http://HOST/ cannot be read: it wants a token for api: status 401.',
    )
  })

  it('gets no credential that would be another header too', () => {
    const { signal } = new AbortController()
    const make = () =>
      createSite({ url: new URL('http://x.example/'), signal }, 'Blog', { key: 'a\nb: secret' })
    expect(make).toThrow(/^The token holds a character/)
  })
})
