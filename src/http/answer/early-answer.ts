import type { IncomingMessage } from 'node:http'
import { finished, Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { heard } from '../../base/heard.ts'
import { hasBody } from './slow-clients.ts'

/** How much of an unwanted body is read before the connection is cut. */
export interface DiscardLimits {
  bytes: number
  ms: number
}

/**
 * Limits clients that send without end. Generous, because an honest client that sends a large file over a
 * slow connection may read the answer only after it has sent everything.
 */
const LIMITS: DiscardLimits = { bytes: 512 * 1024 * 1024, ms: 5 * 60_000 }

/**
 * Lets an early answer, given before the whole body has arrived, reach a client that is still sending.
 *
 * Closing a connection with unread input resets it, and the client then loses the answer unread (RFC 9112,
 * section 9.6). So the answer is sent at once, but it ends only when the rest of the body has been read and
 * thrown away. The connection then stays usable.
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
  request.log.info('a client kept sending after its answer and was cut off')
  reply.raw.once('finish', () => request.raw.destroy())
}

const isStillSending = (request: IncomingMessage): boolean =>
  hasBody(request) && !request.complete && !request.readableEnded

/** Resolves with true if the body ended within the limits. */
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
