import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { renderAnswer } from '../answer/client-errors.ts'
import { phraseOf } from '../answer/render-errors.ts'
import { hasBody, isConnected } from '../answer/stalled-clients.ts'

/** Over which the rate is an average: an honest line may be slow, and may stop for a while. */
const WINDOW_MS = 60_000

interface Sending {
  response: ServerResponse
  /** Of the connection, at the beginning of the window. */
  bytes: number
  /** On the clock of `performance.now`. */
  since: number
}

/**
 * Cuts off clients that send a body so slowly that it may last for ever: a byte a second would hold a
 * connection for months. They are answered `408`, unless an answer is under way.
 *
 * @param leastRate bytes per second, on average over each minute; 0 lets everybody take his time
 * @param headers that every answer carries
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
      const came = request.socket.bytesRead - state.bytes
      sending.set(request, { ...state, bytes: request.socket.bytesRead, since: now })
      // What the server has not taken yet is no fault of who sends.
      if (came >= least || request.complete || request.readableLength > 0) continue
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
    // At once after the answer: the rest of the body must not become a request that is done after all.
    socket.end(renderAnswer(tooSlow(), headers), () => socket.destroy())
  }

  const tooSlow = () =>
    new AppError('body-too-slow', 408, phraseOf(408), {
      detail:
        `The body came too slowly: over ${windowMs / 1000} s it must come at ${leastRate} bytes a second ` +
        'at least, on average (VITRINE_LEAST_BODY_RATE).',
    })
}
