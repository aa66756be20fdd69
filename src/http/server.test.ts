import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Type } from './schema.ts'
import { connectTo, startServer } from './test-server.ts'

const open = { access: 'public' } as const
const Body = Type.Object({
  name: Type.String({ minLength: 1 }),
  tags: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
  size: Type.Optional(Type.Integer({ default: 5 })),
})

const start = () =>
  startServer((app) => {
    app.get('/text', { config: open }, async () => 'text')
    app.get('/things/:id', { config: open }, async ({ params, query, ip, host, protocol, id }) => ({
      params,
      query,
      ip,
      host,
      protocol,
      id,
    }))
    app.get(
      '/described/:id',
      {
        config: open,
        schema: {
          params: Type.Object({ id: Type.Integer() }),
          querystring: Type.Object({ limit: Type.Integer() }),
          response: { 200: Type.Object({ id: Type.Integer() }) },
        },
      },
      async ({ params, query }) => ({ params, query }),
    )
    app.post('/things', { config: open, schema: { body: Body } }, async ({ body }) => ({ body }))
    app.post(
      '/secrets',
      { config: open, schema: { body: Type.Object({ password: Type.String() }) } },
      async () => 'ok',
    )
    app.delete('/things/:id', { config: open }, async () => ({ data: 'gone', code: 200 }))
  })

describe('the server', () => {
  it('sends its security headers with every answer', async () => {
    const { url } = await start()
    for (const path of ['/text', '/none', '/%', '/openapi.json']) {
      const { headers } = await fetch(url + path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; frame-ancestors 'none'",
      )
    }
  })

  it('gives every request an id of its own and takes none from clients', async () => {
    const { url } = await start()
    const ask = async () => {
      const headers = { 'request-id': 'mine', 'x-request-id': 'mine' }
      const response = await fetch(`${url}/things/1`, { headers })
      const { id } = (await response.json()) as { id: string }
      expect(response.headers.get('x-request-id')).toBe(id)
      return id
    }
    const ids = [await ask(), await ask()]
    expect(new Set(ids).size).toBe(2)
    expect(ids.join()).not.toContain('mine')
  })

  it('believes the headers of trusted proxies only', async () => {
    const headers = {
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-host': 'media.example',
      'x-forwarded-proto': 'https',
    }
    const ask = async (trustedProxies: string[]) => {
      const { url } = await startServer(
        (app) => {
          app.get('/', { config: open }, async ({ ip, host, protocol }) => ({ ip, host, protocol }))
        },
        { trustedProxies },
      )
      return (await fetch(url, { headers })).json()
    }
    expect(await ask(['10.0.0.0/8', '127.0.0.1'])).toEqual({
      ip: '203.0.113.7',
      host: 'media.example',
      protocol: 'https',
    })
    expect(await ask(['10.0.0.0/8'])).toMatchObject({ ip: '127.0.0.1', protocol: 'http' })
    expect(await ask([])).toMatchObject({ ip: '127.0.0.1', protocol: 'http' })
  })

  it('passes parameters and queries on unchanged, whatever their schema says', async () => {
    const { url } = await start()
    const id = '9'.repeat(10_000)
    expect(await (await fetch(`${url}/described/${id}?limit=a&limit=b`)).json()).toEqual({
      params: { id },
      query: { limit: ['a', 'b'] },
    })
  })

  it('lets running requests finish when it closes, and ends the connections', async () => {
    const begun = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const { app, port } = await startServer((scope) => {
      scope.get('/slow', { config: open }, async () => {
        begun.resolve()
        await goOn.promise
        return 'done'
      })
    })
    const idle = await connectTo(port)
    const busy = await connectTo(port)
    await idle.send('GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await idle.receive((text) => text.endsWith('}'))
    await busy.send('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await begun.promise
    const closed = app.close()
    await idle.closed()
    goOn.resolve()
    const { received } = await busy.closed()
    expect(received).toMatch(/^HTTP\/1\.1 200 .*connection: close.*done$/is)
    await closed
  })
})

describe('closing', () => {
  it('ends a connection once the answer that began before is complete', async () => {
    const body = new Readable({ read() {} })
    body.push('begun')
    const closing = Promise.withResolvers<void>()
    const { app, port } = await startServer((scope) => {
      scope.addHook('preClose', async () => closing.resolve())
      scope.get('/', { config: open }, async (_request, reply) => reply.send(body))
    })
    const client = await connectTo(port)
    await client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await client.receive((text) => text.includes('begun'))
    const closed = app.close()
    await closing.promise
    body.push(null)
    const { received, error } = await client.closed()
    expect(received).toMatch(/begun\r\n0\r\n\r\n$/s)
    expect(error).toBeUndefined()
    await closed
  })
})

describe('a JSON body', () => {
  const json = async (url: string, body: string | Uint8Array<ArrayBuffer>, path = '/things') => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url + path, { method: 'POST', body, headers })
    return (await response.json()) as { body: { name: string }; detail: string }
  }

  it('arrives as it was sent: nothing is converted, added or removed', async () => {
    const { url } = await start()
    const body = { name: 'é 🏞', tags: 'a', more: { x: 1 } }
    expect(await json(url, JSON.stringify(body))).toEqual({ body })
    expect(await json(url, `\uFEFF${JSON.stringify(body)}`)).toEqual({ body })
  })

  it.for([
    ['{}', 'name is missing.'],
    ['{"name":5}', 'name must be a string, and is 5.'],
    ['{"name":null}', 'name must be a string, and is null.'],
    ['{"name":""}', 'name must not have fewer than 1 characters, and is "".'],
    ['{"name":"n","tags":5}', 'tags must be a string or an array, and is 5.'],
    ['{"name":"n","tags":["a",{"b":1}]}', 'tags[1] must be a string, and is {"b":1}.'],
    ['{"name":"n","size":1.5}', 'size must be an integer, and is 1.5.'],
    ['[]', 'the body must be an object, and is [].'],
    ['null', 'the body must be an object, and is null.'],
    ['', 'the body must be an object, and is absent.'],
    ['{"name":', 'The body is not acceptable JSON: it ends too early.'],
    ['{"name" 5}', 'The body is not acceptable JSON: its syntax is wrong at position 8.'],
    ['{"name":"n","__proto__":{}}', 'The body is not acceptable JSON: it holds the key __proto__.'],
    ['[{"a":{"__proto__":1}}]', 'The body is not acceptable JSON: it holds the key __proto__.'],
  ] as const)('%s is refused: %s', async ([body, detail]) => {
    const { url } = await start()
    expect(await json(url, body)).toEqual({
      data: 'Required parameters missing',
      code: 400,
      error: 'parameters-missing',
      detail,
    })
  })

  it('is refused if it is not UTF-8', async () => {
    const { url } = await start()
    expect(await json(url, new Uint8Array(Buffer.from('{"name":"\xe9"}', 'latin1')))).toMatchObject(
      {
        detail: 'The body is not acceptable JSON: it is not in UTF-8.',
      },
    )
  })

  it('is refused with a short answer, however deep or long it is', async () => {
    const { url } = await start()
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const long = JSON.stringify({ name: 'n', tags: Array(200_000).fill(5) })
    for (const body of [
      `{"name":${deep}}`,
      deep,
      long,
      `{"name":${JSON.stringify(Array(1000).fill('x'))}}`,
    ]) {
      const answer = await json(url, body)
      expect(answer).toMatchObject({ data: 'Required parameters missing' })
      expect(answer.detail.length).toBeLessThan(200)
    }
  })

  it('is refused without repeating a secret', async () => {
    const { url, log } = await start()
    const { detail } = await json(url, '{"password":1234567}', '/secrets')
    expect(detail).toBe('password must be a string.')
    await json(url, '{"password": "hunter2" oops}', '/secrets')
    expect(log.join()).not.toMatch(/1234567|hunter2/)
  })

  it.for(['declared', 'found on the way'])('over a mebibyte is too large, %s', async (how) => {
    const { url, port } = await start()
    const client = await connectTo(port)
    const size = 1024 * 1024 + 1
    const head = 'POST /things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    await client.send(
      how === 'declared'
        ? `${head}Content-Length: ${size}\r\n\r\n`
        : `${head}Transfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n`,
    )
    if (how !== 'declared') await client.send(Buffer.alloc(size, ' '))
    await client.receive((text) => /^HTTP\/1\.1 413 .*"Request body too large"/s.test(text))
    // The server reads the rest, and the connection stays usable.
    await client.send(how === 'declared' ? Buffer.alloc(size) : '\r\n0\r\n\r\n')
    await client.send('GET /text HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await client.receive((text) => text.endsWith('\r\n\r\ntext'))
    expect(
      (await json(url, JSON.stringify({ name: 'n'.repeat(1_000_000) }))).body.name.length,
    ).toBe(1e6)
  })

  it('is the only accepted kind of body', async () => {
    const { url } = await start()
    const send = async (type: string | undefined, body: string) => {
      const client = new Request(`${url}/things`, {
        method: 'POST',
        body: new Blob([body]),
        ...(type !== undefined && { headers: { 'content-type': type } }),
      })
      return (await fetch(client)).json()
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', undefined]) {
      expect(await send(type, 'name=n')).toEqual({
        data: 'Unsupported media type',
        code: 415,
        error: 'unsupported-media-type',
        detail: `The content type is ${type ?? 'not given'}; it must be application/json.`,
      })
    }
    expect(await send('json', '{}')).toMatchObject({ code: 415 })
    expect(await send('application/json; charset=utf-8', '{"name":"n"}')).toEqual({
      body: { name: 'n' },
    })
  })

  it('is ignored by a route that takes no body', async () => {
    const { url } = await start()
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      for (const body of ['', type === 'application/json' ? '{}' : 'x=y']) {
        const init = { method: 'DELETE', headers: { 'content-type': type }, body }
        expect(await (await fetch(`${url}/things/1`, init)).json()).toMatchObject({ data: 'gone' })
      }
    }
  })
})
