import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectTo } from '../../src/http/test-server.ts'
import { expectConsistent, takeStock } from '../consistency.ts'
import { makeJpeg } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'

const PATIENCE = { timeout: 30_000 }

let server: Server
let client: Client
let port: number
beforeAll(async () => {
  server = await startServer()
  client = await signIn(server)
  port = Number(new URL(server.url).port)
  // Opens everything that the server keeps open: connections to the database, an image process.
  const { media } = (await client.add('An image', [], await makeJpeg())).body
  await client.delete(`/media/delete/${media.id}`)
})
afterAll(async () => {
  await expectConsistent(server.data)
  expect(server.log()).not.toContain('"level":50')
  expect(await server.stop()).toBe(0)
})

const countDescriptors = () => readdirSync(`/proc/${server.process.pid}/fd`).length

/** Status codes of consecutive raw responses. */
const statusesOf = (received: string) =>
  [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

describe.runIf(process.platform === 'linux')('a client that misbehaves leaves behind', () => {
  it('no file and no descriptor after 200 aborted uploads', async () => {
    const before = countDescriptors()
    const image = await makeJpeg({ width: 300, height: 300 })
    const start = (index: number) => {
      const type = index % 2 ? 'application/json' : 'multipart/form-data; boundary=b'
      const head = index % 2 ? '{"name":"a","tags":[],"image":"' : PART_OF_IMAGE
      const body = index % 2 ? image.toString('base64') : image
      const request = client.start('POST', '/media/add', { 'content-type': type })
      request.on('error', () => {}).write(head)
      request.write(body.slice(0, 1 + Math.floor((index / 200) * body.length)))
      return request
    }
    const requests = Array.from({ length: 200 }, (_, index) => start(index))
    const temporaryFiles = async () => (await takeStock(server.data)).temporary.length
    await expect.poll(temporaryFiles, PATIENCE).toBe(200)
    for (const request of requests) request.destroy()
    await expect.poll(temporaryFiles, PATIENCE).toBe(0)
    await expect.poll(countDescriptors, PATIENCE).toBeLessThanOrEqual(before)
  })

  it('no descriptor after downloads, lists and refusals that it did not read to the end', async () => {
    const { media } = (await client.add('An image', [], await makeJpeg({ width: 900 }))).body
    const before = countDescriptors()
    const paths = [media.urls.scaled, `/media/original/${media.id}`, '/media', '/media/item/0']
    const sockets = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const socket = connect(port, '127.0.0.1').on('error', () => {})
        await once(socket, 'connect')
        const path = paths[index % paths.length]
        socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${client.cookie}\r\n\r\n`)
        await once(socket, 'data')
        return socket
      }),
    )
    for (const socket of sockets) socket.resetAndDestroy()
    await expect.poll(countDescriptors, PATIENCE).toBeLessThanOrEqual(before)
    await client.delete(`/media/delete/${media.id}`)
  })

  it('no descriptor after a thousand idle connections, which delay no other client', async () => {
    const before = countDescriptors()
    const open = async () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      await once(socket, 'connect')
      return socket
    }
    const sockets: Socket[] = []
    for (let tens = 0; tens < 20; tens++) {
      sockets.push(...(await Promise.all(Array.from({ length: 50 }, open))))
    }
    // Half of them send the start of a request and nothing more.
    for (const socket of sockets.slice(0, 500)) socket.write('GET /media HTTP/1.1\r\nHost')
    await expect.poll(countDescriptors, PATIENCE).toBeGreaterThanOrEqual(before + 1000)
    const added = await client.add('Meanwhile', [], await makeJpeg({ seed: 3 }))
    expect(added.status).toBe(200)
    expect((await client.list('?limit=1')).body.media).toHaveLength(1)
    for (const socket of sockets) socket.destroy()
    await expect.poll(countDescriptors, PATIENCE).toBeLessThanOrEqual(before)
    await client.delete(`/media/delete/${added.body.media.id}`)
  })
})

const PART_OF_IMAGE =
  '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\nContent-Type: image/jpeg\r\n\r\n'

describe('pipelining', () => {
  it('is answered in order, also with refusals among the responses', async () => {
    const { socket, receive } = await connectTo(port)
    const get = (path: string) =>
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${client.cookie}\r\n\r\n`
    const post = `POST /media/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc`
    const wanted = Array.from({ length: 25 }, () => [200, 404, 401, 400]).flat()
    const requests = [get('/health/live'), get('/none'), post, get('/media?limit=0')].join('')
    socket.write(requests.repeat(25))
    const received = await receive((text) => statusesOf(text).length === wanted.length)
    expect(statusesOf(received)).toEqual(wanted)
  })
})

/** A second request inside the body of the first. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'

describe('an odd request', () => {
  it.each([
    ['two lengths', `Content-Length: 3\r\nContent-Length: ${SMUGGLED.length}`],
    ['two lengths in one', `Content-Length: 3, ${SMUGGLED.length}`],
    ['a length and chunks', `Content-Length: ${SMUGGLED.length}\r\nTransfer-Encoding: chunked`],
    ['chunks and a length', `Transfer-Encoding: chunked\r\nContent-Length: ${SMUGGLED.length}`],
    ['a negative length', 'Content-Length: -1'],
    ['a length with a sign', 'Content-Length: +3'],
    ['a length in hexadecimal', 'Content-Length: 0x3'],
    ['a length above every limit', 'Content-Length: 99999999999999999999'],
    ['a length that is a text', 'Content-Length: three'],
    ['an unknown encoding', 'Transfer-Encoding: xchunked'],
    ['an encoding that must be the last one but is not', 'Transfer-Encoding: chunked, identity'],
    ['two encodings', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity'],
    ['a blank before the colon', 'Transfer-Encoding : chunked'],
    ['a folded line', 'X: a\r\n b'],
    ['a bare line feed', 'X: a\nTransfer-Encoding: chunked'],
    ['a zero byte', 'X: a\0b'],
  ])('is refused: %s', async (_, headers) => {
    const { send, closed } = await connectTo(port)
    await send(`POST /media/edit/1 HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n${SMUGGLED}`)
    const { received } = await closed()
    expect(statusesOf(received)).toEqual([400])
    expect(server.log()).not.toContain('smuggled')
  })

  it.each([
    ['repeated', 'Content-Type: application/json\r\nContent-Type: text/plain'],
    ['of several', 'Content-Type: application/json, text/plain'],
    ['without a subtype', 'Content-Type: application'],
    ['of nothing', 'Content-Type: '],
    ['with a parameter without end', `Content-Type: application/json; a="${'\\"'.repeat(5000)}`],
    ['of very many parameters', `Content-Type: application/json${';a=b'.repeat(3000)}`],
    ['of a long text', `Content-Type: ${'a/'.repeat(7000)}`],
    ['of bytes', 'Content-Type: \xff\xfe/\x80'],
    ['a form without a boundary', 'Content-Type: multipart/form-data'],
    ['a form of an empty boundary', 'Content-Type: multipart/form-data; boundary='],
    ['a form of two boundaries', 'Content-Type: multipart/form-data; boundary=a; boundary=b'],
    ['of a prototype', 'Content-Type: __proto__/constructor; __proto__=a'],
  ])('is refused without a fault: a content type %s', async (_, header) => {
    for (const path of ['/auth/login', '/media/add', '/media/edit/1', '/media/bulk/delete']) {
      const { send, receive } = await connectTo(port)
      const body = '{"name":1}'
      await send(
        Buffer.from(
          `POST ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${client.cookie}\r\n${header}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          'latin1',
        ),
      )
      const received = await receive((text) => text.endsWith('}'))
      expect([path, [400, 415].includes(statusesOf(received)[0] ?? 0)]).toEqual([path, true])
    }
  })

  it.each(['/auth/login', '/media/edit/1', '/media/bulk/tags', '/media/bulk/delete', '/media/add'])(
    'is refused by %s: very deep nesting, and names of prototypes',
    async (path) => {
      const nested = (open: string, close: string) => open.repeat(100_000) + close.repeat(100_000)
      // Shorter for the sign-in, whose body has a smaller limit.
      const deep = path === '/auth/login' ? '['.repeat(30_000) : nested('[', ']')
      for (const [body, ...statuses] of [
        [`{"name":${deep}}`, 400],
        [`{"username":${deep},"ids":${deep}}`, 400, 413],
        [nested('{"a":', '}').slice(0, 60_000), 400],
        ['{"__proto__":{"ids":[1],"name":"a","tags":[],"username":"a","password":"b"}}', 400],
        ['{"constructor":{"prototype":{"name":"a","tags":[],"ids":[1]}}}', 400],
      ] as [string, ...number[]][]) {
        const headers = { 'content-type': 'application/json' }
        const { status } = await client.request('POST', path, { body, headers })
        expect([path, body.slice(0, 20), statuses.includes(status)]).toEqual([
          path,
          body.slice(0, 20),
          true,
        ])
      }
    },
  )
})

describe('Expect: 100-continue', () => {
  const expectant = { expect: '100-continue', 'content-type': 'application/json' }

  it('makes an upload wait for the interim response', async () => {
    const image = (await makeJpeg({ seed: 9 })).toString('base64')
    const request = client.start('POST', '/media/add', expectant)
    request.flushHeaders()
    await once(request, 'continue')
    request.end(JSON.stringify({ name: 'Continued', tags: [], image }))
    const [answer] = await once(request, 'response')
    expect(answer.statusCode).toBe(200)
    answer.resume()
    const { media } = (await client.list('?search=continued')).body
    await client.delete(`/media/delete/${media[0]?.id}`)
  })
})

describe('two cookies of one name', () => {
  it('count if any of them is valid, on every route alike', async () => {
    const own = client.cookie
    for (const path of ['/media?limit=1', '/auth/me', '/media/tags']) {
      const statusWith = async (cookie: string) =>
        (await client.get(path, { headers: { cookie } })).status
      expect(await statusWith(`${own}; refreshToken=${'x'.repeat(43)}`)).toBe(200)
      expect(await statusWith(`refreshToken=${'x'.repeat(43)}; ${own}`)).toBe(200)
      expect(await statusWith(`refreshToken=; ${own}`)).toBe(200)
      expect(await statusWith(`refreshToken=; refreshToken=${'x'.repeat(43)}`)).toBe(401)
    }
  })
})
