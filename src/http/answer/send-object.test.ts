import { once } from 'node:events'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../base/errors.ts'
import type { ByteRange } from '../../storage/storage.ts'
import { connectTo, startServer } from '../test-server.ts'
import { attachment, sendObject } from './send-object.ts'

const bytes = Buffer.from('0123456789')
const etag = '"abc"'
const ok = { access: 'public', failure: 'Failed' } as const

async function start(open?: (range?: ByteRange) => Promise<Readable>) {
  const opened: (ByteRange | undefined)[] = []
  const server = await startServer((app) => {
    app.get('/', { config: ok }, (request, reply) =>
      sendObject(request, reply, {
        etag,
        type: 'image/webp',
        size: bytes.length,
        open:
          open ??
          (async (range) => {
            opened.push(range)
            const { start, end } = range ?? { start: 0, end: bytes.length - 1 }
            return Readable.from([bytes.subarray(start, end + 1)])
          }),
        headers: { 'cache-control': 'public, immutable', 'x-more': 'yes' },
      }),
    )
  })
  const ask = async (headers: Record<string, string> = {}, method = 'GET') => {
    const response = await fetch(server.url, { method, headers })
    return {
      status: response.status,
      body: await response.text(),
      header: (name: string) => response.headers.get(name),
    }
  }
  return { ...server, ask, opened }
}

describe('an object', () => {
  it('is sent whole, with its headers', async () => {
    const { ask } = await start()
    const { status, body, header } = await ask()
    expect(status).toBe(200)
    expect(body).toBe('0123456789')
    expect(header('etag')).toBe(etag)
    expect(header('content-type')).toBe('image/webp')
    expect(header('content-length')).toBe('10')
    expect(header('accept-ranges')).toBe('bytes')
    expect(header('cache-control')).toBe('public, immutable')
    expect(header('x-content-type-options')).toBe('nosniff')
  })

  it('is described by HEAD without being opened', async () => {
    const { ask, opened } = await start()
    const { status, body, header } = await ask({ range: 'bytes=0-1' }, 'HEAD')
    expect([status, body]).toEqual([200, ''])
    expect(header('content-length')).toBe('10')
    expect(header('content-type')).toBe('image/webp')
    expect(opened).toEqual([])
  })

  it.for(['"abc"', 'W/"abc"', '"x", "abc"', '*'])(
    'is neither opened nor sent if the client has it already (%s)',
    async (tag) => {
      const { ask, opened } = await start()
      for (const method of ['GET', 'HEAD']) {
        const { status, body, header } = await ask(
          { 'if-none-match': tag, range: 'bytes=0-1' },
          method,
        )
        expect([status, body]).toEqual([304, ''])
        expect(header('etag')).toBe(etag)
        expect(header('cache-control')).toBe('public, immutable')
        expect(header('x-more')).toBe('yes')
        expect(header('content-length')).toBeNull()
        expect(header('content-type')).toBeNull()
      }
      expect(opened).toEqual([])
    },
  )

  it.for(['"abcd"', 'abc', '"ABC"'])('is sent if the client has another one (%s)', async (tag) => {
    const { ask } = await start()
    expect((await ask({ 'if-none-match': tag })).status).toBe(200)
  })

  it.for([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=4-', '456789', 'bytes 4-9/10'],
    ['bytes=9-9', '9', 'bytes 9-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-100', '0123456789', 'bytes 0-9/10'],
    [`bytes=5-${'9'.repeat(400)}`, '56789', 'bytes 5-9/10'],
    ['Bytes= 1 - 2 ', '12', 'bytes 1-2/10'],
  ] as const)('is sent in part for %s', async ([range, part, contentRange]) => {
    const { ask } = await start()
    const { status, body, header } = await ask({ range })
    expect([status, body]).toEqual([206, part])
    expect(header('content-range')).toBe(contentRange)
    expect(header('content-length')).toBe(String(part.length))
    expect(header('etag')).toBe(etag)
  })

  it.for(['bytes=10-', 'bytes=10-20', 'bytes=-0', `bytes=${'9'.repeat(400)}-`])(
    'has no part for %s',
    async (range) => {
      const { ask, opened } = await start()
      const { status, body, header } = await ask({ range })
      expect(status).toBe(416)
      expect(JSON.parse(body)).toMatchObject({ data: 'Range not satisfiable', code: 416 })
      expect(header('content-range')).toBe('bytes */10')
      expect(header('cache-control')).toBe('no-store')
      expect(opened).toEqual([])
    },
  )

  it.for([
    'bytes=0-1,3-4',
    'bytes=',
    'bytes=-',
    'bytes=5-4',
    'bytes=a-b',
    'bytes=1',
    'lines=0-1',
    'x',
    // Once took minutes to reject.
    `bytes=${' '.repeat(7000)}-${' '.repeat(7000)}x`,
  ])('is sent whole for %s, which is not a single valid range', async (range) => {
    const { ask } = await start()
    const { status, body } = await ask({ range })
    expect([status, body]).toEqual([200, '0123456789'])
  })

  it('is sent only if it is the one that If-Match names', async () => {
    const { ask } = await start()
    const { status, body } = await ask({ 'if-match': '"another"' })
    expect([status, JSON.parse(body).data]).toEqual([412, 'Precondition failed'])
    const tag = (await ask()).header('etag') ?? ''
    expect((await ask({ 'if-match': tag })).status).toBe(200)
    expect((await ask({ 'if-match': '*' })).status).toBe(200)
  })

  it('is sent in part only if it is still the same', async () => {
    const { ask } = await start()
    const part = (ifRange: string) => ask({ range: 'bytes=0-1', 'if-range': ifRange })
    expect((await part('"abc"')).body).toBe('01')
    for (const other of ['W/"abc"', '"x"', 'Tue, 20 Jan 2026 18:22:10 GMT']) {
      expect((await part(other)).body).toBe('0123456789')
    }
  })

  it('that cannot be opened is an error that no cache keeps', async () => {
    for (const [error, status, data] of [
      [new Error('the disk'), 500, 'Failed'],
      [new AppError('gone', 404, 'Media not found'), 404, 'Media not found'],
    ] as const) {
      const { ask } = await start(() => Promise.reject(error))
      const answer = await ask({ range: 'bytes=0-1' })
      expect(answer.status).toBe(status)
      expect(JSON.parse(answer.body)).toMatchObject({ data })
      expect(answer.header('cache-control')).toBe('no-store')
      expect(answer.header('content-range')).toBeNull()
    }
  })

  it('that breaks off is never taken for the whole', async () => {
    const stream = new Readable({ read() {} })
    stream.push('01234')
    const { port, logged } = await start(async () => stream)
    const client = await connectTo(port)
    await client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await client.receive((text) => text.endsWith('01234'))
    stream.destroy(new Error('the disk broke'))
    expect((await client.closed()).received).toMatch(/01234$/)
    expect(await logged(({ level }) => level === 50)).toMatchObject({
      err: { message: 'the disk broke' },
    })
  })

  it('is closed when the client leaves, and that is not logged as a fault', async () => {
    const stream = new Readable({
      read() {
        this.push(Buffer.alloc(65_536))
      },
    })
    const { port, log, logged } = await start(async () => stream)
    const client = await connectTo(port)
    await client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await client.receive((text) => text.length > 100_000)
    client.socket.destroy()
    if (!stream.closed) await once(stream, 'close')
    expect(await logged(({ path }) => path === '/')).toMatchObject({ aborted: true })
    expect(log.filter((line) => JSON.parse(line).level > 30)).toEqual([])
  })
})

describe('the name of a download', () => {
  it.for([
    ['a.jpg', `attachment; filename="a.jpg"; filename*=UTF-8''a.jpg`],
    [
      'Straße 🏞.jpg',
      `attachment; filename="Stra_e _.jpg"; filename*=UTF-8''Stra%C3%9Fe%20%F0%9F%8F%9E.jpg`,
    ],
    [
      'a"b\\c/d%20.jpg',
      `attachment; filename="a_b_c_d_20.jpg"; filename*=UTF-8''a%22b_c_d%2520.jpg`,
    ],
    ["(it's)*!", `attachment; filename="(it's)*!"; filename*=UTF-8''%28it%27s%29%2A!`],
    [
      'a\r\nSet-Cookie: x=y\0',
      `attachment; filename="a__Set-Cookie: x=y_"; filename*=UTF-8''a__Set-Cookie%3A%20x%3Dy_`,
    ],
    ['a; filename=b', `attachment; filename="a; filename=b"; filename*=UTF-8''a%3B%20filename%3Db`],
    ['half \ud800', `attachment; filename="half _"; filename*=UTF-8''half%20%EF%BF%BD`],
  ] as const)('%j is safe', ([name, header]) => {
    expect(attachment(name)).toBe(header)
  })
})
