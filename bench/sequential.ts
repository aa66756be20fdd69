import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * One client on one connection, asking again once it was answered: what it takes alone. It does no more
 * with an answer than find its end, so that nearly all of the time is the server's.
 */
export async function openSequential(url: string, headers: Readonly<Record<string, string>>) {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname).setNoDelay()
  await once(socket, 'connect')
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  const tail = ` HTTP/1.1\r\n${lines.join('')}\r\n`

  return {
    /** @returns milliseconds until the whole answer was there */
    async time(path: string): Promise<number> {
      const start = performance.now()
      socket.write(`GET ${path}${tail}`)
      await readAnswer(socket, path)
      return performance.now() - start
    },
    close: () => socket.destroy(),
  }
}

function readAnswer(socket: Socket, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let read: Buffer = Buffer.alloc(0)
    let end = Number.POSITIVE_INFINITY
    const finish = (error?: Error) => {
      socket.off('data', take).off('close', fail)
      if (error) reject(error)
      else resolve()
    }
    const fail = () => finish(new Error(`The connection was closed at ${path}.`))
    const take = (chunk: Buffer) => {
      read = read.length === 0 ? chunk : Buffer.concat([read, chunk])
      if (end === Number.POSITIVE_INFINITY) {
        const blank = read.indexOf('\r\n\r\n')
        if (blank < 0) return
        const head = read.toString('latin1', 0, blank)
        const status = Number(head.split(' ', 2)[1])
        if (status !== 200) return finish(new Error(`${path} was answered with ${status}.`))
        const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
        if (length === undefined) return finish(new Error(`${path} has no length.`))
        end = blank + 4 + Number(length)
      }
      if (read.length >= end) finish()
    }
    socket.on('data', take).once('close', fail)
  })
}
