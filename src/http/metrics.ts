import cluster from 'node:cluster'
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { unauthorized } from '../errors.ts'
import type { AtOnce } from './answer-at-once.ts'
import { shareMetrics } from './worker-metrics.ts'

/** Seconds: from an answer out of memory to an upload over a slow line. */
const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60]

/** What other rooms want measured: a number at any moment, by its name. */
export type Gauges = Readonly<Record<string, { help: string; read: () => number }>>

/**
 * Serves `GET /metrics` in the format of Prometheus: the process, the gauges, and how long requests
 * take by route, method and status. Of several workers on one port, what all of them tell together.
 *
 * @param token that it must be asked with, as `Authorization: Bearer`
 * @param atOnce for the requests that no hook gets to see
 */
export async function measureRequests(
  app: FastifyInstance,
  token: string,
  gauges: Gauges,
  atOnce: AtOnce,
): Promise<void> {
  // Loaded only where it is wanted: it costs a noticeable part of the start.
  const { collectDefaultMetrics, Gauge, Histogram, Registry } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const [name, { help, read }] of Object.entries(gauges)) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the headers of a request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [registry],
  })

  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      // The pattern, not the path: every path would be a series of its own.
      const { url: route = 'none' } = request.routeOptions
      const labels = { method: request.method, route, status: reply.statusCode }
      durations.observe(labels, reply.elapsedTime / 1000)
    })
    done()
  })
  atOnce.watch(({ route, response, ms }) => {
    durations.observe({ method: 'GET', route, status: response.statusCode }, ms / 1000)
  })
  const collect = cluster.isWorker ? await shareMetrics(registry) : () => registry.metrics()
  app.route({
    method: 'GET',
    url: '/metrics',
    config: { access: 'public' },
    schema: { hide: true },
    handler: async (request, reply) => {
      if (!isEqual(request.headers.authorization ?? '', `Bearer ${token}`)) {
        throw unauthorized('Metrics are for the bearer of VITRINE_METRICS_TOKEN.')
      }
      reply.headers({ 'content-type': registry.contentType, 'cache-control': 'no-store' })
      return collect()
    },
  })
}

/** In the same time wherever they differ, so that the token cannot be guessed bit by bit. */
function isEqual(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
