import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { makeJpeg } from '../fixtures.ts'
import { type Client, type Server, type Settings, signIn, startServer } from '../harness.ts'
import { type Row, summarize, type Times, withoutProc } from './part.ts'

export const missing = withoutProc

/** The number of requests that may wait on a connection. A connection with more is closed. */
const MOST_WAITING = 64
/** Measurements of the server, each with requests of another client. */
const ROUNDS = 10
const MEBIBYTE = 1024 * 1024

/** Clients that send thousands of requests at once and do not read the responses. */
export async function* rows(times: Times): AsyncGenerator<Row> {
  const connections = times(60)
  for (const VITRINE_DELIVERY of ['public', 'private']) {
    const flood = await startFlood({ VITRINE_DELIVERY })
    for (const { kind, path } of flood.routes) {
      for (const requests of [2000, MOST_WAITING + 1]) {
        const { files, memory, waits } = await flood.send(path, connections, requests)
        yield {
          fault: `clients pipeline requests and read nothing: ${kind}, delivery ${VITRINE_DELIVERY}`,
          injected: `${requests} requests in one write on each of ${connections} connections`,
          times: connections,
          lost: `nothing; ${files} files and ${Math.round(memory / MEBIBYTE)} MiB more at most`,
          recovery: `everybody else meanwhile: ${summarize(waits)}`,
        }
      }
    }
    await flood.end()
  }
}

/** Starts a server with a resource of every kind. */
export async function startFlood(settings: Settings = {}) {
  const server = await startServer(settings)
  const client = await signIn(server)
  const large = await makeJpeg({ width: 3000, height: 3000 })
  const { media } = (await client.add('Large', [], large)).body
  await client.get(media.urls.high)
  const [script = ''] = /\/assets\/[^"]+\.js/.exec(await (await fetch(server.url)).text()) ?? []
  const routes = [
    { kind: 'page', path: '/' },
    { kind: 'script of the page', path: script },
    { kind: 'description of the API', path: '/openapi.json' },
    { kind: 'original', path: `/media/original/${media.id}` },
    { kind: 'image', path: media.urls.high },
    { kind: 'image by id', path: `/media/image/${media.id}/high` },
    { kind: 'list', path: '/media?limit=50' },
    { kind: 'whole list', path: '/media' },
    { kind: 'unknown address', path: '/nothing' },
  ].filter(({ path }) => path !== '')
  return {
    server,
    routes,
    send: (path: string, connections: number, requests: number) =>
      flood(server, client, path, connections, requests),
    end: () => server.stop(),
  }
}

/**
 * Sends requests for a list and for health while the connections are open, and measures the server's files
 * and memory.
 */
async function flood(
  server: Server,
  client: Client,
  path: string,
  connections: number,
  requests: number,
) {
  const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${client.cookie}\r\n\r\n`
  const before = look(server)
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(server)))
  for (const socket of sockets) socket.write(request.repeat(requests))
  let [files, memory] = [0, 0]
  const waits: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    for (const address of ['/health/live', '/media?limit=1']) {
      const { status } = await client.get(address)
      if (status !== 200) throw new Error(`Meanwhile ${address} was answered with ${status}.`)
    }
    waits.push(performance.now() - start)
    const now = look(server)
    files = Math.max(files, now.files - before.files)
    memory = Math.max(memory, now.memory - before.memory)
  }
  for (const socket of sockets) socket.destroy()
  // Per connection: its socket and one file that is being sent. In addition, what a list takes of the
  // database.
  if (files > 2 * connections + 30) throw new Error(`${files} files were open for ${path}.`)
  return { files, memory, waits }
}

function look({ process: { pid } }: Server) {
  const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
  return { files: readdirSync(`/proc/${pid}/fd`).length, memory: Number(pages) * 4096 }
}

async function open({ url }: Server): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  return socket.pause()
}
