import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** A proxy between a server and PostgreSQL that counts statements. */
export interface StatementCounter {
  /** The address of the database through the proxy. */
  url: string
  /** Number of statements so far, including BEGIN and COMMIT. Each is one round trip. */
  count(): number
  close(): void
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
const QUERY = 'Q'.charCodeAt(0)
const EXECUTE = 'E'.charCodeAt(0)

export async function startStatementCounter(databaseUrl: string): Promise<StatementCounter> {
  const target = new URL(databaseUrl)
  let count = 0
  const proxy = createServer({ noDelay: true }, (client) => {
    const server = connect({
      port: Number(target.port || 5432),
      host: target.hostname,
      noDelay: true,
    })
    const read = createReader((type) => {
      if (type === QUERY || type === EXECUTE) count++
    })
    client.on('data', read)
    client.pipe(server).pipe(client)
    for (const socket of [client, server]) {
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        server.destroy()
      })
    }
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('There is no port.')
  const url = new URL(databaseUrl)
  url.port = String(address.port)
  return { url: url.href, count: () => count, close: () => void proxy.close() }
}

/**
 * Splits the bytes of a client, which arrive in any pieces, into messages: a type, then a length that
 * includes itself.
 */
function createReader(onMessage: (type: number) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  // The first message of a connection has no type.
  let isStarted = false
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const start = isStarted ? 1 : 0
      if (rest.length < start + 4) return
      const length = start + rest.readUInt32BE(start)
      if (rest.length < length) return
      if (isStarted) onMessage(rest.readUInt8(0))
      isStarted = true
      rest = rest.subarray(length)
    }
  }
}
