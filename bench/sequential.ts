import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface TimedRequest {
  path: string
  method?: string
  /** As JSON. */
  body?: string
}

/**
 * One client on one connection that sends a request after each response. It only finds the end of a
 * response, so that nearly all of the time is the server's.
 *
 * @param localAddress where the connection comes from
 */
export async function openSequential(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  localAddress?: string,
) {
  const { hostname, port, host } = new URL(url)
  const to = { host: hostname, port: Number(port) }
  const socket = connect(localAddress === undefined ? to : { ...to, localAddress }).setNoDelay()
  await once(socket, 'connect')
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  const tail = ` HTTP/1.1\r\n${lines.join('')}`

  return {
    /**
     * @returns milliseconds until the response was complete
     * @throws Error if the status is not 200
     */
    async time({ path, method = 'GET', body }: TimedRequest): Promise<number> {
      const content =
        body === undefined
          ? '\r\n'
          : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
      const start = performance.now()
      socket.write(`${method} ${path}${tail}${content}`)
      await readAnswer(socket, path)
      return performance.now() - start
    },
    close: () => socket.destroy(),
  }
}

function readAnswer(socket: Socket, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = ''
    /** Bytes of the body that are still missing; undefined until the head is complete. */
    let left: number | undefined
    const finish = (error?: Error) => {
      socket.off('data', take).off('close', fail)
      if (error) reject(error)
      else resolve()
    }
    const fail = () => finish(new Error(`The connection was closed at ${path}.`))
    const take = (chunk: Buffer) => {
      if (left === undefined) {
        head += chunk.toString('latin1')
        const blank = head.indexOf('\r\n\r\n')
        if (blank < 0) return
        const status = Number(head.split(' ', 2)[1])
        if (status !== 200) return finish(new Error(`${path} was answered with ${status}.`))
        const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
        if (length === undefined) return finish(new Error(`${path} has no length.`))
        left = Number(length) - (head.length - blank - 4)
      } else {
        left -= chunk.length
      }
      if (left <= 0) finish()
    }
    socket.on('data', take).once('close', fail)
  })
}
