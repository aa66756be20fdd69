import type { IncomingMessage } from 'node:http'
import { finished, Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { heard } from '../../base/heard.ts'
import { hasBody } from './stalled-clients.ts'

/** How much of a body that nobody wants is taken in before the connection is cut. */
export interface DiscardLimits {
  bytes: number
  ms: number
}

/**
 * Against who sends without end. Generous, because an honest client that sends a large file over a
 * slow line is told what is wrong only if it may send to the end.
 */
const LIMITS: DiscardLimits = { bytes: 512 * 1024 * 1024, ms: 5 * 60_000 }

/**
 * Makes an answer that is given before the whole body has come reach a client that is still sending.
 *
 * Closing a connection with unread input resets it, and a client that is reset loses the answer
 * unread (RFC 9112, section 9.6). So the answer goes out at once, but it is ended only when the rest
 * of the body has been taken in and thrown away; the connection is then as good as ever.
 */
export function answerEarly(app: FastifyInstance, limits = LIMITS): void {
  app.addHook('onSend', async (request, reply, payload: unknown) => {
    const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload)
    if (!isWhole || request.method === 'HEAD' || !isStillSending(request.raw)) return payload
    reply.header('content-length', Buffer.byteLength(payload))
    return heard(
      Readable.from(answerThenDiscard(payload, request, reply, limits), { objectMode: false }),
    )
  })
}

async function* answerThenDiscard(
  payload: string | Buffer,
  request: FastifyRequest,
  reply: FastifyReply,
  limits: DiscardLimits,
) {
  yield Buffer.from(payload)
  if (await discard(request.raw, limits)) return
  request.log.info('a client sent on and on after its answer and was cut off')
  reply.raw.once('finish', () => request.raw.destroy())
}

const isStillSending = (request: IncomingMessage): boolean =>
  hasBody(request) && !request.complete && !request.readableEnded

/** Resolves with whether the body came to its end within the limits. */
function discard(request: IncomingMessage, { bytes, ms }: DiscardLimits): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  let seen = 0
  const timer = setTimeout(() => resolve(false), ms)
  request.on('data', (chunk: Buffer) => {
    seen += chunk.length
    if (seen > bytes) resolve(false)
  })
  finished(request, () => resolve(true))
  request.resume()
  return promise.finally(() => {
    clearTimeout(timer)
    request.pause()
  })
}
