import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** What lies between a server and its clients, and can be cut. */
export interface TcpProxy {
  /** The address of the server, as its clients are to call it. */
  url: string
  /** Ends every connection, and takes no other until it is mended. */
  cut(): void
  mend(): void
  close(): void
}

/** @param address of the server, with host and port */
export async function startTcpProxy(address: string): Promise<TcpProxy> {
  const target = new URL(address)
  const sockets = new Set<Socket>()
  let isCut = false
  const proxy = createServer((client) => {
    if (isCut) return void client.destroy()
    const server = connect(Number(target.port), target.hostname)
    client.pipe(server).pipe(client)
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
    close() {
      proxy.close()
      endAll()
    },
  }
}
