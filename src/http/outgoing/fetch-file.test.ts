import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type FetchFault, type FetchOptions, fetchFaultOf, fetchFile } from './fetch-file.ts'
import { startNameServer } from './name-server.fixture.ts'

/** Requests that reached a source. */
let requests: IncomingMessage[]
beforeEach(() => {
  requests = []
})

/** @returns the port of a source on 127.0.0.1 */
async function startSource(answer: RequestListener): Promise<number> {
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Fetches from hosts of which `localhost` alone is allowed. */
async function fetchText(url: string, options: Partial<FetchOptions> = {}): Promise<string> {
  const chunks: Buffer[] = []
  const write = async (bytes: Buffer) => {
    chunks.push(bytes)
  }
  await fetchFile(new URL(url), write, {
    maxBytes: 1000,
    allowedHosts: ['localhost'],
    failure: 'Failed',
    signal: new AbortController().signal,
    ...options,
  })
  return Buffer.concat(chunks).toString()
}

const refusal = async (url: string, options?: Partial<FetchOptions>) => {
  const error = await fetchText(url, options).then(
    (text) => expect.unreachable(`${url} gave ${text}`),
    (error: unknown) => error,
  )
  const { status, code, message, detail } = error as Record<string, unknown>
  return { status, code, message, detail }
}
const failed = (host: string, reason: string) => ({
  status: 500,
  code: 'fetch-failed',
  message: 'Failed',
  detail: `${host} cannot be fetched: ${reason}.`,
})

describe('a file that is fetched', () => {
  it('arrives whole, and is asked for without cookies, credentials and compression', async () => {
    const port = await startSource((_, response) => response.end('a file'))
    expect(await fetchText(`http://localhost:${port}/a?b#c`)).toBe('a file')
    expect(requests.map(({ url, headers }) => ({ url, headers }))).toEqual([
      {
        url: '/a?b',
        headers: {
          host: `localhost:${port}`,
          accept: 'image/*,*/*;q=0.5',
          'accept-encoding': 'identity',
          'user-agent': 'Vitrine',
          connection: 'close',
        },
      },
    ])
  })

  it('may be behind five redirects, and not behind six', async () => {
    const port = await startSource((request, response) => {
      const left = Number(request.url?.slice(1))
      if (left === 0) response.end('the end')
      else
        response
          .writeHead([301, 302, 303, 307, 308][left % 5] ?? 302, { location: `${left - 1}` })
          .end('no')
    })
    expect(await fetchText(`http://localhost:${port}/5`)).toBe('the end')
    expect(await refusal(`http://localhost:${port}/6`)).toEqual(
      failed('localhost', 'it redirects over 5 times'),
    )
  })

  it.each<[string, RequestListener]>([
    ['it answered with the status 404', (_, response) => response.writeHead(404).end()],
    ['it answered with the status 206', (_, response) => response.writeHead(206).end('x')],
    ['it sent an empty file', (_, response) => response.end()],
    [
      'it sent a page (text/html) and no image; give the address of the image itself',
      (_, response) =>
        response.writeHead(200, { 'content-type': 'Text/HTML; charset=utf-8' }).end('<p>'),
    ],
    [
      'it sent the file compressed, without being asked to',
      (_, response) =>
        response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(Buffer.alloc(1_000_000))),
    ],
    ['it redirects to what is no URL', (_, response) => response.writeHead(302).end()],
    [
      'it redirects to what is no URL',
      (_, response) => response.writeHead(302, { location: 'http://[x]/' }).end(),
    ],
    [
      'it redirects to a URL that begins with neither http: nor https:',
      (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    ],
    [
      'it redirects to a URL that holds a user name or a password',
      (_, response) => response.writeHead(302, { location: 'http://a:b@localhost/' }).end(),
    ],
    [
      'the connection broke off',
      (_, response) => {
        response.writeHead(200, { 'content-length': 10 }).write('short')
        setImmediate(() => response.destroy())
      },
    ],
  ])('is refused: %s', async (reason, answer) => {
    const port = await startSource(answer)
    expect(await refusal(`http://localhost:${port}/`)).toEqual(failed('localhost', reason))
  })

  it('is refused if the source speaks another protocol, or does not answer at all', async () => {
    const answers = [
      'SSH-2.0-OpenSSH_9.2\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    ]
    for (const answer of answers) {
      const port = await startTcp((socket) => socket.once('data', () => socket.end(answer)))
      expect((await refusal(`http://localhost:${port}/`)).detail).toMatch(
        /^localhost cannot be fetched: (?:it does not answer in HTTP|the connection broke off)\.$/,
      )
    }
    const port = await startTcp((socket) => socket.end('no TLS'))
    expect((await refusal(`https://localhost:${port}/`)).detail).toMatch(
      /^localhost cannot be fetched: /,
    )
  })

  it('is cut at the limit of bytes, whether its length is told or not', async () => {
    const told = await startSource((_, response) =>
      response.writeHead(200, { 'content-length': 1001 }).end(),
    )
    expect(await refusal(`http://localhost:${told}/`)).toMatchObject({
      status: 413,
      detail: 'The image has 1001 bytes; at most 1000 are allowed.',
    })
    let closed = Promise.resolve<unknown>(undefined)
    const endless = await startSource((_, response) => {
      closed = once(response, 'close')
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    })
    let taken = 0
    const write = async (bytes: Buffer) => {
      taken += bytes.length
      if (taken > 1000) throw new Error('enough')
    }
    const { signal } = new AbortController()
    const options = { maxBytes: 1000, allowedHosts: ['localhost'], failure: '', signal }
    await expect(
      fetchFile(new URL(`http://localhost:${endless}/`), write, options),
    ).rejects.toThrow('enough')
    await closed
  })

  it('ends with the time, and with the one who waits for it', async () => {
    const port = await startSource((_, response) => response.writeHead(200).write('x'))
    expect(await refusal(`http://localhost:${port}/`, { seconds: 0.1 })).toEqual(
      failed('localhost', 'it took over 0.1 seconds'),
    )
    const waiting = new AbortController()
    const source = await startSource((_, response) => {
      response.writeHead(200).write('x')
      waiting.abort()
    })
    expect(await refusal(`http://localhost:${source}/`, { signal: waiting.signal })).toMatchObject({
      code: 'body-broken-off',
    })
  })
})

describe('a trusted origin', () => {
  const headers = { 'x-api-key': 'secret' }

  it('may be private, and alone gets the headers', async () => {
    const other = await startSource((_, response) => response.end('other'))
    const port = await startSource((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/file' }).end()
      else if (request.url === '/file') response.end('a file')
      else response.writeHead(302, { location: `http://localhost:${other}/` }).end()
    })
    const origin = `http://127.0.0.1:${port}`
    const trusted = { trusted: { origin, headers } }
    expect(await fetchText(`${origin}/`, trusted)).toBe('a file')
    expect(requests.map(({ headers }) => headers['x-api-key'])).toEqual(['secret', 'secret'])
    requests = []
    expect(await fetchText(`${origin}/other`, trusted)).toBe('other')
    expect(requests.map(({ headers }) => headers['x-api-key'])).toEqual(['secret', undefined])
    // The same host at another port is another origin.
    expect(await refusal(`http://127.0.0.1:${other}/`, trusted)).toEqual(
      failed('127.0.0.1', 'it is not an address of the public internet'),
    )
    expect(await refusal(`${origin}/other`, { ...trusted, allowedHosts: [] })).toMatchObject({
      detail: 'localhost cannot be fetched: its name leads to no address of the public internet.',
    })
  })
})

describe('a failure', () => {
  it.each<[string, Partial<FetchFault>, RequestListener]>([
    ['404', { isMissing: true, isPassing: false }, (_, response) => response.writeHead(404).end()],
    [
      'a page',
      { isMissing: true },
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    ],
    [
      '403',
      { isForbidden: true, isMissing: false, isPassing: false },
      (_, response) => response.writeHead(403).end(),
    ],
    [
      '503',
      { isMissing: false, isPassing: true, isBroken: false, retryAfter: '7' },
      (_, response) => response.writeHead(503, { 'retry-after': '7' }).end(),
    ],
    [
      'a cut',
      { isMissing: false, isPassing: true, isBroken: true },
      (request) => request.socket.destroy(),
    ],
    [
      'silence',
      { isMissing: false, isPassing: true },
      (_, response) => response.writeHead(200).write('x'),
    ],
  ])('says whether to try again: %s', async (_, fault, answer) => {
    const port = await startSource(answer)
    const error = await fetchText(`http://localhost:${port}/`, { idleSeconds: 0.2 }).catch(
      (it) => it,
    )
    expect(fetchFaultOf(error)).toMatchObject(fault)
    if (_ === 'silence') expect(error.detail).toMatch(/it sent nothing for 0\.2 seconds\.$/)
  })

  it('of another kind says nothing', () => {
    expect(fetchFaultOf(new Error('x'))).toBeUndefined()
  })
})

describe('a host that is not public', () => {
  it('is never connected to, in no spelling of its address', async () => {
    const port = await startSource((_, response) => response.end('private'))
    const spellings = [
      ...[
        '127.0.0.1',
        '2130706433',
        '0x7f000001',
        '017700000001',
        '0x7f.1',
        '0177.0.0.01',
        '127.1',
        '127.0.1',
      ],
      ...[
        '127.0.0.1.',
        '１２７.0.0.1',
        '127。0。0。1',
        '%31%32%37.0.0.1',
        '0',
        '0.0.0.0',
        '127.127.127.127',
      ],
      ...[
        '[::1]',
        '[::]',
        '[0:0:0:0:0:0:0:1]',
        '[::ffff:127.0.0.1]',
        '[::ffff:7f00:1]',
        '[::127.0.0.1]',
      ],
      ...['[64:ff9b::127.0.0.1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[::ffff:0:127.0.0.1]'],
      ...['[fe80::1]', '[fd00::1]', '10.0.0.1', '169.254.169.254'],
    ]
    for (const spelling of spellings) {
      const url = `http://${spelling}:${port}/`
      const host = new URL(url).hostname
      expect(await refusal(url), spelling).toEqual(
        failed(host, 'it is not an address of the public internet'),
      )
    }
    expect(requests).toEqual([])
  })

  it('is refused by its name, in the words of a name that does not exist', async () => {
    const port = await startSource((_, response) => response.end('private'))
    const { address } = await startNameServer((name) =>
      name === 'inside.test' ? '127.0.0.1' : undefined,
    )
    for (const host of ['inside.test', 'nowhere.test']) {
      expect(await refusal(`http://${host}:${port}/`, { nameServers: [address] })).toEqual(
        failed(host, 'its name leads to no address of the public internet'),
      )
    }
    // Not allowed here, so the hosts file does not count.
    expect((await refusal(`http://localhost:${port}/`, { allowedHosts: [] })).detail).toBe(
      'localhost cannot be fetched: its name leads to no address of the public internet.',
    )
    expect(requests).toEqual([])
  })

  it('is refused at a redirect, by its address and by its name', async () => {
    const secret = await startSource((_, response) => response.end('private'))
    const { address } = await startNameServer(() => '127.0.0.1')
    for (const [host, reason] of [
      ['127.0.0.1', 'it is not an address of the public internet'],
      ['inside.test', 'its name leads to no address of the public internet'],
    ] as const) {
      const port = await startSource((_, response) =>
        response.writeHead(302, { location: `//${host}:${secret}/` }).end(),
      )
      requests = []
      expect(await refusal(`http://localhost:${port}/`, { nameServers: [address] })).toEqual(
        failed(host, reason),
      )
      expect(requests.map(({ headers }) => headers.host)).toEqual([`localhost:${port}`])
    }
  })

  it('is not reached by a name whose address changes after it was looked at', async () => {
    const port = await startSource((_, response) => response.end('private'))
    // A public address that nothing here routes to. An address of TEST-NET-1 would be refused.
    const server = await startNameServer((_, nth) => (nth === 0 ? '93.184.215.14' : '127.0.0.1'))
    const { detail } = await refusal(`http://changing.test:${port}/`, {
      nameServers: [server.address],
      seconds: 1,
    })
    expect(detail).toMatch(/^changing\.test cannot be fetched: /)
    expect(detail).not.toMatch(/93\.184|127\.0/)
    expect(server.asked).toEqual(['changing.test'])
    expect(requests).toEqual([])
  })
})

/** @returns the port of a server on 127.0.0.1 that speaks no HTTP */
async function startTcp(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    onConnection(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  return (server.address() as AddressInfo).port
}
