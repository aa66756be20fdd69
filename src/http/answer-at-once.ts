import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasBody, hurryReader } from './stalled-clients.ts'

/** A whole answer, beside what every answer carries. */
export interface ReadyAnswer {
  status: 200 | 304
  headers: Readonly<Record<string, string | number>>
  body: Buffer
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * The answer to a plain GET, if it is there with little work, and exactly what the route would
     * send to whoever asks: nobody has been identified yet. `If-None-Match` is for the route to look
     * at. It goes out ahead of all that the route does not need; undefined takes the usual way, and so
     * does a promise that is rejected.
     */
    atOnce?: (
      request: FastifyRequest,
      reply: FastifyReply,
    ) => ReadyAnswer | undefined | Promise<ReadyAnswer | undefined>
  }
}

/** With one of these the answer may be another one. */
const CONDITIONS = ['range', 'if-match', 'if-range', 'origin', 'expect'] as const

/**
 * Lets routes answer at once. Fastify's own way, with all hooks, takes several times as long as
 * sending a small image does. Log and metrics are to be registered before this.
 *
 * @param headersOf what every answer to a request carries
 */
export function answerAtOnce(
  app: FastifyInstance,
  headersOf: (request: FastifyRequest) => Readonly<Record<string, string>>,
): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onRequest', (request, reply, done) => {
    const send = (answer: ReadyAnswer | undefined) => {
      if (answer === undefined) return done()
      reply.hijack()
      hurryReader(request.raw)
      // As all other answers, which say nothing of what goes without saying.
      reply.raw.removeHeader('connection')
      reply.raw.writeHead(answer.status, {
        ...headersOf(request),
        'x-request-id': request.id,
        ...answer.headers,
      })
      reply.raw.end(answer.body)
    }
    if (closing || !isPlain(request.raw)) return done()
    const answer = request.routeOptions.config?.atOnce?.(request, reply)
    if (answer instanceof Promise) answer.then(send, () => done())
    else send(answer)
  })
}

const isPlain = (request: IncomingMessage): boolean =>
  request.method === 'GET' &&
  request.headers.host !== undefined &&
  CONDITIONS.every((name) => request.headers[name] === undefined) &&
  !hasBody(request)
