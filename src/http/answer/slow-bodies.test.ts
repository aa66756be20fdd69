import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connectTo, type RawClient } from '../test-server.ts'
import { cutOffSlowBodies } from './slow-clients.ts'

/** @param rate bytes per second, checked over each quarter of a second */
async function start(rate: number) {
  const app = fastify()
  cutOffSlowBodies(app, rate, { 'x-content-type-options': 'nosniff' }, 250)
  const left = Promise.withResolvers<void>()
  const taken = Promise.withResolvers<void>()
  app.addHook('onRequest', async (_request, reply) => {
    reply.raw.once('close', left.resolve)
  })
  app.post('/echo', async ({ body }) => body)
  // Reads its body itself, and only after `take` is called.
  app.addContentTypeParser('text/late', async () => undefined)
  app.post('/late', async ({ raw }) => {
    await taken.promise
    let bytes = 0
    for await (const chunk of raw) bytes += chunk.length
    return `took ${bytes}`
  })
  app.post('/early', ({ raw }, reply) => {
    raw.resume()
    reply.hijack()
    reply.raw.writeHead(200, { 'content-length': '10' })
    reply.raw.write('half')
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  const client = await connectTo((app.server.address() as AddressInfo).port)
  const post = (path: string, length: number, type = 'text/plain') =>
    client.send(
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`,
    )
  return { client, post, left: left.promise, take: taken.resolve }
}

/** Sends `bytes` bytes every 20 ms, at most `times` times, until the server answers. */
async function trickle({ socket }: RawClient, bytes: number, times = Number.POSITIVE_INFINITY) {
  let answered = false
  socket.once('data', () => {
    answered = true
  })
  socket.once('close', () => {
    answered = true
  })
  for (let sent = 0; sent < times && !answered; sent++) {
    socket.write('x'.repeat(bytes))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('a body', () => {
  it.for(['/echo', '/late'])(
    'that arrives too slowly is answered with 408, and its connection ends, at %s',
    async (path) => {
      const { client, post, left, take } = await start(10_000)
      take()
      await post(path, 1_000_000, path === '/late' ? 'text/late' : 'text/plain')
      await trickle(client, 1)
      const { received } = await client.closed()
      expect(received).toMatch(/^HTTP\/1\.1 408 Request timeout\r\nx-content-type-options: nosniff/)
      expect(JSON.parse(received.slice(received.indexOf('{')))).toEqual({
        data: 'Request timeout',
        code: 408,
        error: 'body-too-slow',
        detail: expect.stringContaining('10000 bytes a second'),
      })
      await left
    },
  )

  it('that arrives too slowly adds nothing to an answer that has begun', async () => {
    const { client, post, left } = await start(10_000)
    await post('/early', 1_000_000, 'text/late')
    await client.receive((text) => text.endsWith('half'))
    await trickle(client, 1)
    expect((await client.closed()).received).toMatch(/half$/)
    await left
  })

  it('may take long if it arrives fast enough, or if there is no least rate', async () => {
    for (const [rate, bytes] of [
      [500, 5000],
      [0, 1],
    ] as const) {
      const { client, post } = await start(rate)
      await post('/echo', 40 * bytes)
      await trickle(client, bytes, 40)
      const received = await client.receive((text) => text.endsWith('x'.repeat(40 * bytes)))
      expect(received).toMatch(/^HTTP\/1\.1 200/)
    }
  })

  it('is not too slow while the server does not read it', async () => {
    const { client, post, take } = await start(10_000)
    await post('/late', 4000, 'text/late')
    await trickle(client, 100, 40)
    take()
    await client.receive((text) => text.endsWith('took 4000'))
  })
})
