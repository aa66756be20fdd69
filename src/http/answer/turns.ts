import type { RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Of one connection, behind the one that is worked on; browsers pipeline none. */
const MAX_WAITING = 64
/** Of all that wait: each may have 16 KiB. */
const MAX_WAITING_BYTES = 256 * 1024

/** The requests of one connection, and the answers to them. */
interface Line {
  last: ServerResponse
  waiting: number
  waitingBytes: number
}

/**
 * Works on one request of each connection at a time, in order. Node's parser hands on every request that
 * has come, and a client that pipelines thousands and reads none of the answers would have each of them
 * open its file and build its body.
 */
export interface Turns {
  /**
   * Begins a request once the answer before it is in the hands of the system, all of it. A connection with
   * more requests waiting than a bound is closed.
   */
  inTurn(begin: RequestListener): RequestListener
  /** The answer to the request of a connection that came last. */
  lastOf(socket: Socket): ServerResponse | undefined
}

/** @param cutOff is told of a connection that is closed for all that waits on it */
export function createTurns(cutOff: () => void = () => {}): Turns {
  const lines = new WeakMap<Socket, Line>()

  return {
    lastOf: (socket) => lines.get(socket)?.last,

    inTurn: (begin) => (request, response) => {
      const { socket } = request
      const line = lines.get(socket)
      if (!line) {
        lines.set(socket, { last: response, waiting: 0, waitingBytes: 0 })
        return begin(request, response)
      }
      const before = line.last
      line.last = response
      if (before.writableFinished) return begin(request, response)
      // Cut off, but the parser is at the same piece of what it sent yet.
      if (socket.destroyed) return

      const bytes = request.rawHeaders.reduce((sum, { length }) => sum + length, 0)
      line.waiting++
      line.waitingBytes += bytes
      if (line.waiting > MAX_WAITING || line.waitingBytes > MAX_WAITING_BYTES) {
        cutOff()
        socket.destroy()
        return
      }
      before.once('close', () => {
        line.waiting--
        line.waitingBytes -= bytes
        // The answer before may have been the last one of its connection.
        if (!socket.writable) return
        // Which hurried the reader of the answer before; see `hurryReader`.
        socket.setTimeout(0)
        begin(request, response)
      })
    },
  }
}
