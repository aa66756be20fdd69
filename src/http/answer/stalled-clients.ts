import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

const IDLE_MS = 60_000

/**
 * Cuts off clients that hold a connection and let nothing move: neither the body that they send nor
 * the answer that they are given. However slow they are, moving is enough (but see `cutOffSlowBodies`);
 * and while the server works on an answer nobody is hurried.
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
    hurryReader(request.raw, idleMs)
    done(null, payload)
  })
}

/** From now on the client has to take in what it is sent. */
export function hurryReader(request: IncomingMessage, idleMs = IDLE_MS): void {
  if (isConnected(request)) request.socket.setTimeout(idleMs)
}

/** Whether the request comes with a body, of whatever length. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Injected requests, in tests, have no connection. */
export const isConnected = ({ socket }: IncomingMessage): boolean => socket instanceof Socket
