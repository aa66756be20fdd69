import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** What lies between a server and its clients, and can be cut. */
export interface TcpProxy {
  /** The address of the server, as its clients are to call it. */
  url: string
  /** Ends every connection, and takes no other until it is mended. */
  cut(): void
  mend(): void
  /** Passes on nothing more of the connections that there are, without ending them; new ones are well. */
  stall(): void
  /**
   * Ends the connection of the first client that sends this text, once: before the server gets it, or
   * after it has answered, unheard. Resolves then.
   */
  cutAt(text: string, when: 'before' | 'answered'): Promise<void>
  close(): void
}

/** @param address of the server, with host and port */
export async function startTcpProxy(address: string): Promise<TcpProxy> {
  const target = new URL(address)
  const sockets = new Set<Socket>()
  let isCut = false
  let trap: { text: string; when: 'before' | 'answered'; done: () => void } | undefined
  const proxy = createServer((client) => {
    if (isCut) return void client.destroy()
    const server = connect(Number(target.port), target.hostname)
    client.on('data', (bytes) => {
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
    close() {
      proxy.close()
      endAll()
    },
  }
}
