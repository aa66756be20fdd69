import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { renderAnswer } from '../answer/client-errors.ts'
import { phraseOf } from '../answer/render-errors.ts'
import { hasBody, isConnected } from '../answer/stalled-clients.ts'

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
