import { once } from 'node:events'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { connectTo, startServer } from '../test-server.ts'

const open = { access: 'public' } as const

/** A server that counts the requests that it works on, and finishes them after `goOn`. */
async function start() {
  const goOn = Promise.withResolvers<void>()
  let running = 0
  const seen = { begun: 0, most: 0 }
  const server = await startServer((app) => {
    app.all<{ Params: { id: string } }>(
      '/work/:id',
      { config: open },
      async ({ params }, reply) => {
        seen.begun++
        running++
        seen.most = Math.max(seen.most, running)
        reply.raw.once('close', () => running--)
        await goOn.promise
        return `answer ${params.id};`
      },
    )
    app.get(
      '/at-once/:id',
      {
        config: {
          ...open,
          fastPath: ({ params }) => ({
            status: 200,
            headers: ['content-length', '12'],
            body: Buffer.from(`at once ${params.id};`.padEnd(12)),
          }),
        },
      },
      async () => '',
    )
    app.get('/endless', { config: open }, async (_request, reply) => {
      seen.begun++
      return reply.type('text/plain').send(
        new Readable({
          read() {
            this.push(Buffer.alloc(65_536, 'x'))
          },
        }),
      )
    })
    app.get('/last/:id', { config: open }, async (_request, reply) => {
      seen.begun++
      reply.raw.shouldKeepAlive = false
      return 'the last answer'
    })
  })
  return { ...server, seen, goOn: goOn.resolve }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
const many = (count: number, request: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => request(index)).join('')
const answersOf = (received: string) => received.match(/(answer|at once) \d+(?=;)/g) ?? []

describe('pipelined requests of one connection', () => {
  it('are worked on one at a time, and answered in order', async () => {
    const { port, seen, goOn } = await start()
    const client = await connectTo(port)
    // Also requests that the fast path answers, and requests with a body.
    await client.send(
      many(21, (index) => {
        if (index % 3 === 0) return get(`/at-once/${index}`)
        if (index % 3 === 1) return get(`/work/${index}`)
        return `POST /work/${index} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`
      }),
    )
    await client.receive((text) => text.includes('at once 0'))
    goOn()
    const received = await client.receive((text) => text.includes('answer 20'))
    expect(answersOf(received)).toEqual(
      Array.from(
        { length: 21 },
        (_, index) => `${index % 3 === 0 ? 'at once' : 'answer'} ${index}`,
      ),
    )
    expect(seen).toEqual({ begun: 14, most: 1 })
  })

  it('wait, up to 64 of them', async () => {
    const { port, seen, goOn } = await start()
    const client = await connectTo(port)
    await client.send(many(65, (index) => get(`/work/${index}`)))
    goOn()
    const received = await client.receive((text) => text.includes('answer 64'))
    expect(answersOf(received)).toHaveLength(65)
    expect(seen).toEqual({ begun: 65, most: 1 })
  })

  it.for([
    ['more than 64 wait', many(66, (index) => get(`/work/${index}`))],
    [
      'their headers take too much memory',
      many(
        30,
        (index) =>
          `GET /work/${index} HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(15_000)}\r\n\r\n`,
      ),
    ],
    [
      'their expectation is not supported',
      get('/work/0') + many(70, () => 'GET / HTTP/1.1\r\nHost: localhost\r\nExpect: more\r\n\r\n'),
    ],
  ] as const)('end their connection, and no other one, if %s', async ([, requests]) => {
    const { port, url, seen, logged, goOn } = await start()
    const client = await connectTo(port)
    await client.send(requests)
    await client.closed()
    await logged(({ msg }) => msg === 'a client had too many requests waiting and was cut off')
    expect(seen.begun).toBe(1)
    goOn()
    expect((await fetch(`${url}/work/5`)).status).toBe(200)
    expect(seen.begun).toBe(2)
  })

  it('do not begin before the client has taken the previous answer', async () => {
    const { app, port, seen } = await start()
    const connected = once(app.server, 'connection')
    const client = await connectTo(port)
    const [socket] = await connected
    client.socket.pause()
    const begins = once(app.server, 'request')
    await client.send(get('/endless') + get('/work/1') + get('/endless'))
    await begins
    while (!socket.writableNeedDrain) await new Promise(setImmediate)
    expect(seen).toEqual({ begun: 1, most: 0 })
    const closed = new Promise((resolve) => socket.once('close', resolve))
    client.socket.destroy()
    await closed
    expect(seen.begun).toBe(1)
  })

  it('do not begin after the last answer of the connection', async () => {
    const { port, seen } = await start()
    const client = await connectTo(port)
    await client.send(get('/last/1') + get('/last/2') + get('/last/3'))
    const { received } = await client.closed()
    expect(received.match(/the last answer/g)).toHaveLength(1)
    expect(seen.begun).toBe(1)
  })

  it('are answered before invalid input that follows them', async () => {
    const { port, goOn } = await start()
    const client = await connectTo(port)
    await client.send(`${get('/work/1') + get('/work/2')}nonsense\r\n\r\n`)
    goOn()
    const { received } = await client.closed()
    expect(received).toMatch(/answer 1;.*answer 2;.*HTTP\/1\.1 400 Bad Request?/is)
  })
})
