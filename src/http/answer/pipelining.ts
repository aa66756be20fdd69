import type { RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Waiting requests of one connection. Browsers never pipeline. */
const MAX_WAITING = 64
/** Header bytes of all waiting requests of one connection; a single request may have 16 KiB. */
const MAX_WAITING_BYTES = 256 * 1024

/** The requests of one connection, and the answers to them. */
interface Line {
  last: ServerResponse
  waiting: number
  waitingBytes: number
}

/**
 * Handles one request per connection at a time, in order. Node's parser emits every request that has arrived, so a
 * client that pipelines thousands of requests and reads no answer would make each of them open its file and build
 * its body.
 */
export interface Pipelining {
  /**
   * Begins a request once the system has taken the whole answer to the request before it. A connection with too
   * many waiting requests is closed.
   */
  oneAtATime(begin: RequestListener): RequestListener
  /** The answer to the latest request of a connection. */
  lastOf(socket: Socket): ServerResponse | undefined
}

/** @param onClosed called when a connection with too many waiting requests is closed */
export function createPipelining(onClosed: () => void = () => {}): Pipelining {
  const lines = new WeakMap<Socket, Line>()

  return {
    lastOf: (socket) => lines.get(socket)?.last,

    oneAtATime: (begin) => (request, response) => {
      const { socket } = request
      const line = lines.get(socket)
      if (!line) {
        lines.set(socket, { last: response, waiting: 0, waitingBytes: 0 })
        return begin(request, response)
      }
      const before = line.last
      line.last = response
      if (before.writableFinished) return begin(request, response)
      // Closed, but the parser still works on the last chunk that arrived.
      if (socket.destroyed) return

      const bytes = request.rawHeaders.reduce((sum, { length }) => sum + length, 0)
      line.waiting++
      line.waitingBytes += bytes
      if (line.waiting > MAX_WAITING || line.waitingBytes > MAX_WAITING_BYTES) {
        onClosed()
        socket.destroy()
        return
      }
      before.once('close', () => {
        line.waiting--
        line.waitingBytes -= bytes
        // The answer before it may have closed the connection.
        if (!socket.writable) return
        // Set for the answer before; see `limitIdleTime`.
        socket.setTimeout(0)
        begin(request, response)
      })
    },
  }
}
