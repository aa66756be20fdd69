import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectConsistent } from '../consistency.ts'
import { makePng } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'

/** What the source answers next. */
let answer: RequestListener
/** Requests to the source, and to a port that no request may reach. */
let asked: IncomingMessage[] = []
let reached = 0
let source: string
let secret: string
let server: Server
let client: Client
let closeSources: () => void

beforeAll(async () => {
  const open = createServer((request, response) => {
    asked.push(request)
    answer(request, response)
  }).listen(0, '127.0.0.1')
  const closed = createServer((_, response) => {
    reached += 1
    response.end(image)
  }).listen(0)
  await Promise.all([once(open, 'listening'), once(closed, 'listening')])
  const portOf = (one: typeof open) => (one.address() as AddressInfo).port
  source = `http://localhost:${portOf(open)}`
  secret = `${portOf(closed)}`
  closeSources = () => {
    for (const one of [open, closed]) {
      one.closeAllConnections()
      one.close()
    }
  }
  const proxy = `http://127.0.0.1:${secret}`
  server = await startServer({
    VITRINE_FETCH_ALLOW: 'localhost',
    // Node's own switch, and what it would then obey.
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
  })
  client = await signIn(server)
})
afterAll(async () => {
  closeSources()
  expect(reached).toBe(0)
  await expectConsistent(server.data)
  expect(await server.stop()).toBe(0)
})

let image: Buffer
let seed = 7000
beforeAll(async () => {
  image = await makePng({ width: 40, height: 30, seed: ++seed })
})
const send =
  (type = 'image/png'): RequestListener =>
  (_, response) => {
    response.writeHead(200, { 'content-type': type }).end(image)
  }
const add = (fields: Record<string, unknown>) =>
  client.post('/media/add', { name: 'Fetched', tags: ['a'], ...fields })

describe('an image from a URL', () => {
  it('is an item like every other, as JSON and as a form', async () => {
    answer = send('application/octet-stream')
    const url = `${source}/a/Caf%C3%A9.png?token=x#there`
    const first = await add({ url, alt: 'A text' })
    expect(first).toMatchObject({
      status: 200,
      body: {
        data: 'Media added successfully',
        code: 200,
        media: {
          name: 'Fetched',
          tags: ['a'],
          alt: 'A text',
          type: 'image/png',
          size: image.length,
          fileName: 'Café.png',
          source: `${source}/a/Caf%C3%A9.png`,
          addedBy: 'admin',
        },
      },
    })
    const { bytes } = await client.get(`/media/original/${first.body.media.id}`)
    expect(bytes.equals(image)).toBe(true)

    const form = new FormData()
    for (const [name, value] of [
      ['name', 'A form'],
      ['tags', '[]'],
      ['url', source],
    ] as const) {
      form.append(name, value)
    }
    const second = await client.request('POST', '/media/add', { body: form })
    expect(second.body).toMatchObject({
      duplicates: [first.body.media.id],
      media: { source: `${source}/`, fileName: null },
    })
  })

  it('has the source that the request says', async () => {
    answer = send()
    for (const given of ['A book', null]) {
      expect((await add({ url: source, source: given })).body.media.source).toBe(given)
    }
  })

  it('is refused for the reasons of every other', async () => {
    answer = (_, response) => response.end('just text')
    const text = Buffer.from('just text').toString('base64')
    const { body: uploaded } = await add({ image: text })
    expect((await add({ url: source })).body).toEqual(uploaded)
    asked = []
    expect((await add({ url: source, name: ' ' })).body.data).toBe('Required parameters missing')
    expect(asked).toEqual([])
  })

  it('leaves its connection when its client does', async () => {
    const begun = Promise.withResolvers<ServerResponse>()
    answer = (_, response) => {
      response.writeHead(200).write('x')
      begun.resolve(response)
    }
    const leaving = client.start('POST', '/media/add', { 'content-type': 'application/json' })
    leaving.on('error', () => {})
    leaving.end(JSON.stringify({ name: 'Left', tags: [], url: source }))
    const response = await begun.promise
    leaving.destroy()
    await once(response, 'close')
  })

  it('takes nobody else’s turn, however slow the sources of an account are', async () => {
    const waiting: ServerResponse[] = []
    const allWait = Promise.withResolvers<void>()
    answer = (_, response) => {
      waiting.push(response)
      if (waiting.length === 8) allWait.resolve()
    }
    // A client that has just left may have its turn for a moment.
    const addInTurn = async () => {
      let added = await add({ url: source })
      while (added.status === 503) added = await add({ url: source })
      return added
    }
    const slow = Array.from({ length: 8 }, addInTurn)
    await allWait.promise
    const ninth = await add({ url: source })
    expect(ninth).toMatchObject({ status: 503, body: { data: 'Service busy' } })
    expect(ninth.headers.get('retry-after')).toBe('2')
    expect((await client.add('Meanwhile', [], await makePng({ seed: ++seed }))).status).toBe(200)
    for (const response of waiting) response.end(image)
    for (const { status } of await Promise.all(slow)) expect(status).toBe(200)
  })
})

describe('a URL', () => {
  it.each([
    ['Required parameters missing', ['', ' ', 5, {}, ['http://a.example/']]],
    [
      'Invalid parameters',
      [
        ...[
          'a.example',
          '//a.example/a.png',
          '/a.png',
          'http://',
          'http://[::1',
          'http://1.2.3.4.5/',
        ],
        ...[
          'file:///etc/passwd',
          'ftp://a.example/',
          'data:image/png;base64,AA',
          'javascript:1',
          'gopher://a/',
        ],
        ...[
          'http://user:secret@a.example/',
          'http://user@a.example/',
          `http://a.example/${'x'.repeat(2048)}`,
        ],
      ],
    ],
  ])('is "%s" if it is malformed', async (data, urls) => {
    for (const url of urls) {
      const { status, body } = await add({ url })
      expect([url, status, body.data]).toEqual([url, 400, data])
      expect(body.detail).not.toContain('secret')
    }
  })

  it('is not given together with an image', async () => {
    const base64 = image.toString('base64')
    expect((await add({ url: source, image: base64 })).body).toMatchObject({
      code: 400,
      data: 'Invalid parameters',
    })
    // An absent one may be null.
    expect((await add({ url: null, image: base64 })).status).toBe(200)
  })

  it('leads to no private host: by its address or by a redirect', async () => {
    const spellings = [
      ...[
        '127.0.0.1',
        '2130706433',
        '0x7f.1',
        '0177.1',
        '127.1',
        '[::1]',
        '[::ffff:7f00:1]',
        '[64:ff9b::7f00:1]',
      ],
      ...['[2002:7f00:1::]', '0', '169.254.169.254'],
    ]
    for (const spelling of spellings) {
      const url = `http://${spelling}:${secret}/`
      const direct = await add({ url })
      answer = (_, response) => response.writeHead(302, { location: url }).end()
      const redirected = await add({ url: source })
      const { hostname } = new URL(url)
      for (const { status, body } of [direct, redirected]) {
        expect([spelling, status, body]).toEqual([
          spelling,
          500,
          {
            data: 'Error adding media',
            code: 500,
            error: 'fetch-failed',
            detail: expect.stringMatching(
              /^\S+ cannot be fetched: it is not an address of the public internet\.$/,
            ),
          },
        ])
        expect(body.detail.startsWith(`${hostname} `)).toBe(true)
      }
    }
    // A refusal, like that of an image: nothing for the operator to do.
    expect(server.log()).not.toContain('"level":50')
  })
})
