import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { makeJpeg } from '../fixtures.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'
import { type Row, summarize, type Times, withoutProc } from './part.ts'

const CONNECTIONS = 200

export const missing = withoutProc

/**
 * Clients that stop in the middle of a request or response. The server must close their connections by
 * itself.
 */
export async function* rows(times: Times): AsyncGenerator<Row> {
  const server = await startServer()
  const client = await signIn(server)
  const large = await makeJpeg({ width: 3000, height: 3000 })
  const { media } = (await client.add('Large', [], large)).body
  const head = (method: string, path: string) =>
    `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${client.cookie}\r\n`
  const kinds: Record<string, string> = {
    'send nothing': '',
    'stop in their headers': 'GET /media HTTP/1.1\r\nHost: localhost\r\nX:',
    'stop in their body': `${head('POST', '/media/add')}Content-Type: application/json\r\nContent-Length: 9999\r\n\r\n{"name":"a","image":"`,
    'read nothing of their answer': `${head('GET', `/media/original/${media.id}`)}\r\n`,
  }
  for (const [kind, text] of Object.entries(kinds)) {
    yield await stall(server, client, kind, text, times(CONNECTIONS))
  }
  await server.stop()
}

async function stall(
  server: Server,
  client: Client,
  kind: string,
  text: string,
  count: number,
): Promise<Row> {
  const descriptors = () => readdirSync(`/proc/${server.process.pid}/fd`).length
  const before = descriptors()
  const start = performance.now()
  const sockets = await Promise.all(Array.from({ length: count }, () => open(server, text)))
  // Other clients are still served.
  const { status } = await client.list('?limit=1')
  if (status !== 200) throw new Error(`While clients ${kind}, a list is answered with ${status}.`)
  // A client that does not read also does not notice the end of its connection, so the server is watched.
  while (descriptors() > before) await once(AbortSignal.timeout(250), 'abort')
  const seconds = performance.now() - start
  for (const socket of sockets) socket.destroy()
  return {
    fault: `clients ${kind}`,
    injected: `${count} connections at once`,
    times: count,
    lost: 'nothing',
    recovery: `all cut off: ${summarize([seconds])}`,
  }
}

async function open({ url }: Server, text: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  socket.pause()
  if (text !== '') socket.write(text)
  return socket
}
