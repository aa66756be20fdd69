import cluster from 'node:cluster'
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type AppError, unauthorized } from '../../base/errors.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { FastPath } from '../answer/fast-path.ts'
import { isFault } from '../answer/render-errors.ts'
import { shareMetrics } from './worker-metrics.ts'

/** Measures requests: how long they take, and how they end. */
export interface RequestMeter {
  /** Notes when each request began, before it waits for its turn on its connection. */
  fromBegin(listener: RequestListener): RequestListener
  /** Counts a request when the system has taken its whole answer, or the client has left. */
  watch(request: FastifyRequest, reply: FastifyReply): void
  /** Counts every request, both those that hooks see and those of the fast path. */
  watchAll(app: FastifyInstance, fastPath: FastPath): void
}

export function createRequestMeter(metrics: Metrics): RequestMeter {
  const observe = metrics.time({
    name: 'http_request_duration_seconds',
    help: 'Time from the headers of a request until the system had its answer or the client left',
    labels: ['method', 'route', 'status'],
  })
  const count = metrics.count({
    name: 'vitrine_answers_total',
    help: 'Answers by how they ended: ok, refused, unavailable, fault or aborted',
    labels: ['route', 'result'],
  })
  const began = new WeakMap<IncomingMessage, number>()
  const secondsOf = (raw: IncomingMessage, otherwiseMs: number) => {
    const start = began.get(raw)
    return (start === undefined ? otherwiseMs : performance.now() - start) / 1000
  }

  function watch(request: FastifyRequest, reply: FastifyReply) {
    const { raw: response } = reply
    response.once('close', () => {
      // The pattern, not the path: every path would be a series of its own.
      const { url: route = 'none' } = request.routeOptions
      const { statusCode: status } = response
      observe(
        { method: request.method, route, status: String(status) },
        secondsOf(request.raw, reply.elapsedTime),
      )
      const { refusal, isCutOff } = request
      const isWhole = response.writableFinished
      count({ route, result: resultOf({ status, isWhole, refusal, isCutOff }) })
    })
  }

  return {
    fromBegin: (listener) => (request, response) => {
      began.set(request, performance.now())
      listener(request, response)
    },
    watch,
    watchAll(app, fastPath) {
      app.addHook('onRequest', (request, reply, done) => {
        watch(request, reply)
        done()
      })
      fastPath.onAnswered(({ raw, route, response, ms, isWhole }) => {
        const status = String(response.statusCode)
        observe({ method: 'GET', route, status }, secondsOf(raw, ms))
        count({ route, result: isWhole ? 'ok' : 'aborted' })
      })
    },
  }
}

/** Distinguishes results as the log does; see `isFault`. */
function resultOf(answer: {
  status: number
  isWhole: boolean
  refusal: AppError | null
  isCutOff: boolean
}): 'ok' | 'refused' | 'unavailable' | 'fault' | 'aborted' {
  const { isWhole, refusal, isCutOff } = answer
  const status = refusal?.status ?? answer.status
  const isOurs = isCutOff || (refusal ? isFault(refusal) : status >= 500)
  if (isOurs && (isCutOff || status !== 503)) return 'fault'
  if (!isWhole) return 'aborted'
  if (isOurs) return 'unavailable'
  return refusal || status >= 400 ? 'refused' : 'ok'
}

/**
 * Serves `GET /metrics` in the format of Prometheus. If several workers share one port, the answer is the sum
 * over all of them.
 * @param token that a request must carry, as `Authorization: Bearer`
 */
export async function serveMetrics(
  app: FastifyInstance,
  token: string,
  { registry }: Metrics,
): Promise<void> {
  const collect = cluster.isWorker ? shareMetrics(registry) : () => registry.metrics()
  app.route({
    method: 'GET',
    url: '/metrics',
    config: { access: 'public' },
    schema: { hide: true },
    handler: async (request, reply) => {
      if (!isEqual(request.headers.authorization ?? '', `Bearer ${token}`)) {
        throw unauthorized('The metrics need the value of VITRINE_METRICS_TOKEN as a bearer token.')
      }
      reply.headers({ 'content-type': registry.contentType, 'cache-control': 'no-store' })
      return collect()
    },
  })
}

/** Takes the same time wherever the texts differ, so that the token cannot be guessed bit by bit. */
function isEqual(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
