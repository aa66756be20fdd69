import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { renderAnswer } from './client-errors.ts'
import { phraseOf } from './render-errors.ts'

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

/** The rate is an average over this time: an honest connection may be slow, and may pause for a while. */
const WINDOW_MS = 60_000

interface Sending {
  response: ServerResponse
  /** Bytes received on the connection at the beginning of the window. */
  bytes: number
  /** Beginning of the window, on the clock of `performance.now`. */
  since: number
}

/**
 * Cuts off clients that send a body too slowly: at a byte a second a body would hold a connection for months.
 * The answer is `408`, unless another answer has begun.
 *
 * @param leastRate bytes per second, on average over each minute; 0 for no limit
 * @param headers of every answer
 */
export function cutOffSlowBodies(
  app: FastifyInstance,
  leastRate: number,
  headers: Readonly<Record<string, string>>,
  windowMs = WINDOW_MS,
): void {
  if (leastRate === 0) return
  const sending = new Map<IncomingMessage, Sending>()
  const least = (leastRate * windowMs) / 1000

  app.addHook('onRequest', ({ raw }, { raw: response }, done) => {
    if (hasBody(raw) && isConnected(raw)) {
      const forget = () => sending.delete(raw)
      sending.set(raw, { response, bytes: raw.socket.bytesRead, since: performance.now() })
      raw.once('end', forget).once('close', forget)
      response.once('close', forget)
    }
    done()
  })

  const timer = setInterval(() => {
    const now = performance.now()
    for (const [request, state] of sending) {
      if (now - state.since < windowMs) continue
      const received = request.socket.bytesRead - state.bytes
      sending.set(request, { ...state, bytes: request.socket.bytesRead, since: now })
      // Bytes that the server has not read yet are not the fault of the client.
      if (received >= least || request.complete || request.readableLength > 0) continue
      sending.delete(request)
      cutOff(request, state.response)
    }
  }, windowMs / 6).unref()
  app.addHook('onClose', async () => clearInterval(timer))

  function cutOff(request: IncomingMessage, response: ServerResponse) {
    const { socket } = request
    app.log.info('a client sent its body too slowly and was cut off')
    if (response.headersSent || !socket.writable) {
      socket.destroy()
      return
    }
    // Closes right after the answer: with the rest of the body the request would be carried out after all.
    socket.end(renderAnswer(tooSlow(), headers), () => socket.destroy())
  }

  const tooSlow = () =>
    new AppError('body-too-slow', 408, phraseOf(408), {
      detail:
        `The body arrived too slowly: at least ${leastRate} bytes a second must arrive, ` +
        `on average over ${windowMs / 1000} s (VITRINE_LEAST_BODY_RATE).`,
    })
}
