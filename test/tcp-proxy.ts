import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A proxy between a server and its clients that can cut connections. */
export interface TcpProxy {
  /** The URL of the proxy, for clients. */
  url: string
  /** Closes every connection, and refuses new ones until `mend`. */
  cut(): void
  mend(): void
  /** Stops forwarding on the open connections without closing them. New connections work. */
  stall(): void
  /**
   * Closes the connection of the first client that sends this text, once: before the server receives the
   * text, or after its response, which is not forwarded. Resolves then.
   */
  cutAt(text: string, when: 'before' | 'answered'): Promise<void>
  /** Passes on no more of the next request with this in its head once this many bytes have come. Resolves then. */
  stallWithin(head: RegExp, bytes: number): Promise<void>
  close(): void
}

/** @param address URL of the server, with host and port */
export async function startTcpProxy(address: string): Promise<TcpProxy> {
  const target = new URL(address)
  const sockets = new Set<Socket>()
  let isCut = false
  let trap: { text: string; when: 'before' | 'answered'; done: () => void } | undefined
  let stall: { head: RegExp; bytes: number; done: () => void } | undefined
  const proxy = createServer((client) => {
    if (isCut) return void client.destroy()
    const server = connect(Number(target.port), target.hostname)
    let sent: number | undefined
    client.on('data', (bytes) => {
      if (stall?.head.test(bytes.toString('latin1'))) sent ??= 0
      if (sent !== undefined) sent += bytes.length
      if (stall && sent !== undefined && sent > stall.bytes) {
        client.pause()
        server.write(bytes, stall.done)
        stall = undefined
        return
      }
      if (!trap || !bytes.includes(trap.text)) return void server.write(bytes)
      const { when, done } = trap
      trap = undefined
      const end = () => {
        client.destroy()
        done()
      }
      if (when === 'before') return end()
      server.removeAllListeners('data')
      server.once('data', end)
      server.write(bytes)
    })
    server.on('data', (bytes) => client.write(bytes))
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        server.destroy()
      })
    }
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const own = proxy.address()
  if (own === null || typeof own === 'string') throw new Error('There is no port.')
  const url = new URL(address)
  url.port = String(own.port)
  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: url.href,
    cut() {
      isCut = true
      endAll()
    },
    mend() {
      isCut = false
    },
    stall() {
      for (const socket of sockets) socket.pause()
    },
    cutAt(text, when) {
      const { promise, resolve } = Promise.withResolvers<void>()
      trap = { text, when, done: resolve }
      return promise
    },
    stallWithin(head, bytes) {
      const { promise, resolve } = Promise.withResolvers<void>()
      stall = { head, bytes, done: resolve }
      return promise
    },
    close() {
      proxy.close()
      endAll()
    },
  }
}
