import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { unauthorized } from '../../base/errors.ts'
import { connectTo, startServer } from '../test-server.ts'
import { answerEarly, type DiscardLimits } from './early-answer.ts'

const MEGABYTE = Buffer.alloc(1_000_000, 'x')

const refuseAll = () =>
  startServer((app) => {
    app.addHook('onRequest', async () => {
      throw unauthorized('There is no session.')
    })
    app.post('/', { config: { access: 'public' } }, async () => 'never')
  })

describe('an early answer', () => {
  it('reaches a client that sends 100 MB before it reads a byte', async () => {
    const { port } = await refuseAll()
    const client = await connectTo(port)
    client.socket.pause()
    await client.send(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n`)
    for (let sent = 0; sent < 100; sent++) await client.send(MEGABYTE)
    client.socket.resume()
    expect(await client.receive((text) => text.includes('}'))).toMatch(/^HTTP\/1\.1 401 /)
  })

  it('reaches a client that asked to close', async () => {
    const { port } = await refuseAll()
    const client = await connectTo(port)
    client.socket.pause()
    await client.send(
      'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 20000000\r\n\r\n',
    )
    for (let sent = 0; sent < 20; sent++) await client.send(MEGABYTE)
    client.socket.resume()
    const { received, error } = await client.closed()
    expect(received).toMatch(/^HTTP\/1\.1 401 /)
    expect(error).toBeUndefined()
  })

  it('arrives while the client is still sending', async () => {
    const { port } = await refuseAll()
    const client = await connectTo(port)
    await client.send(
      'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n',
    )
    expect(await client.receive((text) => text.includes('}'))).toContain('There is no session.')
    expect(client.socket.readyState).toBe('open')
  })

  it('leaves the connection usable after the end of the body', async () => {
    const { port } = await refuseAll()
    const client = await connectTo(port)
    const request = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n'
    for (let sent = 1; sent <= 3; sent++) {
      await client.send(request)
      for (let part = 0; part < 3; part++) await client.send(MEGABYTE)
      await client.receive((text) => text.split('There is no session.').length === sent + 1)
    }
  })

  it('reaches a client that waits for 100 Continue', async () => {
    const { port } = await refuseAll()
    const client = await connectTo(port)
    await client.send(
      'POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n',
    )
    await client.receive((text) => text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'))
    await client.send(MEGABYTE)
    await client.receive((text) => text.includes('There is no session.'))
  })
})

describe('a client that sends without end', () => {
  const listen = async (limits: DiscardLimits) => {
    const app = fastify()
    answerEarly(app, limits)
    app.addHook('onRequest', async (_request, reply) => reply.code(401).send('no'))
    app.post('/', async () => 'never')
    await app.listen({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => app.close())
    return (app.server.address() as AddressInfo).port
  }
  const start = async (limits: DiscardLimits) => {
    const client = await connectTo(await listen(limits))
    await client.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n')
    return client
  }

  it('is cut off at the limit of bytes, and has its answer', async () => {
    const client = await start({ bytes: 5_000_000, ms: 60_000 })
    await client.receive((text) => text.endsWith('no'))
    let sent = 0
    while (!client.socket.closed && sent < 1000) {
      sent++
      await client.send(MEGABYTE).catch(() => once(client.socket, 'close'))
    }
    expect(sent).toBeLessThan(1000)
  })

  it('is cut off at the limit of time', async () => {
    const client = await start({ bytes: 1e12, ms: 20 })
    expect((await client.closed()).received).toMatch(/^HTTP\/1\.1 401 .*no$/s)
  })
})
