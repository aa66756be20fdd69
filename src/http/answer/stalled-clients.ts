import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

const IDLE_MS = 60_000

/**
 * Cuts off clients that hold a connection without progress: they neither send their body nor take their
 * answer. A slow client may stay as long as bytes move (but see `cutOffSlowBodies`). The time that the server
 * works on an answer does not count.
 */
export function cutOffStalled(app: FastifyInstance, idleMs = IDLE_MS): void {
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    if (hasBody(raw) && isConnected(raw)) {
      raw.socket.setTimeout(idleMs)
      raw.once('end', () => raw.socket.setTimeout(0))
    }
    done()
  })
  app.addHook('onSend', (request, _reply, payload, done) => {
    limitIdleTime(request.raw, idleMs)
    done(null, payload)
  })
}

/** From now on the client must take the bytes that it is sent. */
export function limitIdleTime(request: IncomingMessage, idleMs = IDLE_MS): void {
  if (isConnected(request)) request.socket.setTimeout(idleMs)
}

/** Whether the request has a body. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Injected requests, in tests, have no connection. */
export const isConnected = ({ socket }: IncomingMessage): boolean => socket instanceof Socket
