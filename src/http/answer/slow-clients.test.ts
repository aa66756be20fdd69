import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { fastify } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connectTo } from '../test-server.ts'
import { cutOffStalled } from './slow-clients.ts'

/** @param idleMs that is allowed */
async function start(idleMs: number) {
  const app = fastify()
  cutOffStalled(app, idleMs)
  const finish = Promise.withResolvers<string>()
  app.post('/echo', async ({ body }) => body)
  app.post('/work', async () => finish.promise)
  app.get('/endless', async (_request, reply) =>
    reply.type('text/plain').send(
      new Readable({
        read() {
          this.push(Buffer.alloc(65_536))
        },
      }),
    ),
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  const client = await connectTo((app.server.address() as AddressInfo).port)
  const post = (path: string, length: number, body = '') =>
    client.send(
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n${body}`,
    )
  return { app, client, post, finish: finish.resolve }
}

describe('a client', () => {
  it('is cut off if it stops in the middle of its body', async () => {
    const { client, post } = await start(50)
    await post('/echo', 10, '12345')
    expect((await client.closed()).received).toBe('')
  })

  it('is cut off if it takes nothing of its answer', async () => {
    const { app, client } = await start(50)
    const left = new Promise((resolve) => {
      app.server.on('request', (_request, response) => response.once('close', resolve))
    })
    client.socket.pause()
    await client.send('GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await left
  })

  it('may send slowly, as long as it sends', async () => {
    const { client, post } = await start(500)
    await post('/echo', 15)
    for (let sent = 0; sent < 15; sent++) {
      await client.send('x')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await client.receive((text) => text.endsWith('x'.repeat(15)))
  })

  it('may wait for as long as the server works', async () => {
    const { client, post, finish } = await start(20)
    await post('/work', 1, 'x')
    setTimeout(() => finish('done'), 200)
    await client.receive((text) => text.endsWith('done'))
  })
})
