import { describe, expect, it } from 'vitest'
import { connectTo, startServer } from '../test-server.ts'
import { createLog } from './logging.ts'

const open = { access: 'public' } as const

describe('the log', () => {
  it('has one line for each request', async () => {
    const { url, log, logged } = await startServer((app) => {
      app.get('/things/:id', { config: open }, async () => 'thing')
    })
    await fetch(`${url}/things/5?token=abc`)
    await fetch(`${url}/none`, { method: 'PUT' })
    expect(await logged(({ path }) => path === '/none')).toMatchObject({
      method: 'PUT',
      status: 404,
      refusal: 'not-found',
    })
    expect(await logged(({ path }) => path === '/things/5')).toEqual({
      level: 30,
      time: expect.any(Number),
      pid: process.pid,
      hostname: expect.any(String),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      method: 'GET',
      path: '/things/5',
      status: 200,
      ms: expect.any(Number),
      msg: 'request',
    })
    expect(log.filter((line) => line.includes('requestId'))).toHaveLength(2)
  })

  it('names the user', async () => {
    const { url, logged } = await startServer((app) => {
      app.decorateRequest('user', null)
      app.addHook('onRequest', async (request) => {
        Object.assign(request, { user: { id: 7, username: 'vera' } })
      })
      app.get('/', { config: open }, async () => 'x')
    })
    await fetch(url)
    expect(await logged(({ path }) => path === '/')).toMatchObject({ user: 7 })
  })

  it('says that a client left before its answer', async () => {
    const begun = Promise.withResolvers<void>()
    const { port, logged } = await startServer((app) => {
      app.get('/', { config: open }, () => {
        begun.resolve()
        return new Promise(() => {})
      })
    })
    const client = await connectTo(port)
    await client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await begun.promise
    client.socket.destroy()
    const line = await logged(({ path }) => path === '/')
    expect(line).toMatchObject({ aborted: true })
    expect(line).not.toHaveProperty('status')
  })

  it('holds no secret, wherever in a request it was', async () => {
    const secret = 'hunter2-hunter2'
    const { url, log, logged } = await startServer((app) => {
      app.post(
        '/login',
        {
          config: open,
          schema: { body: { type: 'object', properties: { image: { type: 'integer' } } } },
        },
        async (request, reply) => {
          request.log.info({ headers: request.headers, body: request.body }, 'looked at')
          reply.header('set-cookie', `refreshToken=${secret}`)
          throw new Error('failed')
        },
      )
    })
    const post = (body: string) =>
      fetch(`${url}/login?token=${secret}&search=${secret}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          cookie: `refreshToken=${secret}`,
          authorization: `Bearer ${secret}`,
        },
        body,
      })
    await post(JSON.stringify({ password: secret, accessToken: secret, refreshToken: secret }))
    await post(`{"password":"${secret}`)
    await fetch(`${url}/%?token=${secret}`)
    await logged(({ path }) => path === '/%')
    expect(log.join()).toContain('looked at')
    expect(log.join()).toContain('failed')
    expect(log.join()).not.toContain(secret)
  })

  it('hides secrets in logged objects', () => {
    const lines: string[] = []
    const log = createLog('info', { write: (line) => lines.push(line) })
    const secrets = { password: 's3', token: 's3', cookie: 's3', image: 's3', 'set-cookie': ['s3'] }
    log.info({ ...secrets, a: secrets, b: { c: { ...secrets, authorization: 's3' } } }, 'all')
    expect(lines.join()).not.toContain('s3')
  })

  it('has no line below its level', () => {
    const lines: string[] = []
    const log = createLog('warn', { write: (line) => lines.push(line) })
    log.info('a')
    log.warn('b')
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['b'])
  })
})
