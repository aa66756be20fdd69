import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { connectTo, startServer } from '../test-server.ts'

const open = { access: 'public' } as const

const start = () =>
  startServer((app) => {
    app.post('/things', { config: open }, async () => 'things')
    app.post('/half', { config: open }, async (_request, reply) => {
      reply.raw.writeHead(200, { 'content-length': '10' })
      reply.raw.write('12345')
      return reply.hijack()
    })
  })

describe('a client that does not speak HTTP', () => {
  it.for([
    ['nonsense\r\n\r\n', 400, 'Bad request'],
    [
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'Request header fields too large',
    ],
    [
      'POST /things HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
      'Bad request',
    ],
  ] as const)('is answered in JSON', async ([text, status, data]) => {
    const { port } = await start()
    const client = await connectTo(port)
    await client.send(text)
    const { received, error } = await client.closed()
    expect(error).toBeUndefined()
    expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*nosniff`, 's'))
    const body = JSON.parse(received.slice(received.indexOf('{')))
    expect(body).toEqual({
      data,
      code: status,
      error: 'bad-http',
      detail: expect.any(String),
    })
  })

  it.for([
    ['no host', 'GET /things HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['an expectation', 'POST /things HTTP/1.1\r\nHost: localhost\r\nExpect: more\r\n\r\n', 417],
  ] as const)('is answered in JSON if its request has %s', async ([, text, status]) => {
    const { port } = await start()
    const client = await connectTo(port)
    await client.send(text)
    const { received } = await client.closed()
    expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*nosniff`, 's'))
    expect(received).toContain(`"code":${status}`)
  })

  it('is no fault in the log when it breaks off a body', async () => {
    const { app, port, logged, log } = await start()
    const client = await connectTo(port)
    await client.send(
      'POST /things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
        'Transfer-Encoding: chunked\r\n\r\nzz\r\n',
    )
    await logged(({ aborted }) => aborted === true)
    await app.close()
    expect(log.filter((line) => JSON.parse(line).level > 30)).toEqual([])
  })

  it('gets its answer even while it sends', async () => {
    const { port } = await start()
    const client = await connectTo(port)
    client.socket.pause()
    await client.send(`nonsense\r\n\r\n`)
    for (let sent = 0; sent < 10; sent++) await client.send('x'.repeat(100_000))
    client.socket.resume()
    const { received, error } = await client.closed()
    expect(received).toContain('"Bad request"')
    expect(error).toBeUndefined()
  })

  it('is answered with 408 if its headers take too long', async () => {
    const { app, port } = await start()
    const connected = once(app.server, 'connection')
    const client = await connectTo(port)
    const [socket] = await connected
    const error = Object.assign(new Error('timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
    app.server.emit('clientError', error, socket)
    await client.receive((text) => text.includes('"Request timeout"'))
  })

  it('gets no second answer inside one that has begun', async () => {
    const { port } = await start()
    const client = await connectTo(port)
    await client.send(
      'POST /half HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    await client.receive((text) => text.endsWith('12345'))
    await client.send('zz\r\n')
    expect((await client.closed()).received).toMatch(/12345$/)
  })
})
