import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { createLog } from './operate/logging.ts'
import { createServer } from './server.ts'
import type { HttpSettings } from './settings.ts'

export interface TestServer {
  app: FastifyInstance
  url: string
  port: number
  /** The lines of the log, each a JSON text. */
  log: string[]
  /** Resolves with the first line of the log for which `isIt` is true, as soon as there is one. */
  logged(isIt: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
}

/** A server that listens on a free port of this machine until the test is over. */
export async function startServer(
  addRoutes: (app: FastifyInstance) => void | Promise<void> = () => {},
  settings: Partial<HttpSettings> = {},
  host = '127.0.0.1',
): Promise<TestServer> {
  const log: string[] = []
  let onLine = () => {}
  const write = (line: string) => {
    log.push(line)
    onLine()
  }
  const app = await createServer(
    { hosts: [], trustedProxies: [], metricsToken: undefined, allowedOrigins: [], ...settings },
    createLog('info', { write }),
  )
  onTestFinished(() => app.close())
  await app.register(async (scope) => addRoutes(scope))
  await app.listen({ host, port: 0 })
  const { port } = app.server.address() as AddressInfo

  const logged: TestServer['logged'] = (isIt) =>
    new Promise((resolve) => {
      onLine = () => {
        const line = log.map((text) => JSON.parse(text)).find(isIt)
        if (line) resolve(line)
      }
      onLine()
    })
  return { app, url: `http://127.0.0.1:${port}`, port, log, logged }
}

/** A client that sends and receives raw bytes. */
export interface RawClient {
  socket: Socket
  /** Resolves when the system has taken all of it. */
  send(data: string | Buffer): Promise<void>
  /** Everything received so far, as soon as `isEnough` accepts it. */
  receive(isEnough: (received: string) => boolean): Promise<string>
  /** Everything received until the connection closed, and the error if there was one. */
  closed(): Promise<{ received: string; error: Error | undefined }>
}

export async function connectTo(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  onTestFinished(() => {
    socket.destroy()
  })
  let received = ''
  let error: Error | undefined
  socket.on('data', (data) => {
    received += data.toString('latin1')
  })
  socket.on('error', (cause) => {
    error = cause
  })
  return {
    socket,
    send: (data) =>
      new Promise((resolve, reject) => {
        socket.write(data, (cause) => (cause ? reject(cause) : resolve()))
      }),
    async receive(isEnough) {
      while (!isEnough(received)) await once(socket, 'data')
      return received
    },
    async closed() {
      if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
      return { received, error }
    },
  }
}
