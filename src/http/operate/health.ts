import type { FastifyPluginAsync } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { Type } from '../schema.ts'

const CHECK_MS = 5000

/**
 * `GET /health/live`: the process runs. `GET /health/ready`: everything that the server needs answers as
 * well.
 *
 * @param checks by the name of what they check; each rejects if that does not work
 */
export function healthRoutes(
  checks: Readonly<Record<string, () => Promise<unknown>>>,
): FastifyPluginAsync {
  return async (app) => {
    const config = { access: 'public', anyHost: true } as const
    let underWay: Promise<string[]> | undefined

    app.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store')
    })
    app.route({
      method: 'GET',
      url: '/health/live',
      config,
      schema: {
        summary: 'Whether the process runs',
        tags: ['health'],
        response: { 200: Type.Object({ status: Type.String() }) },
      },
      handler: async () => ({ status: 'live' }),
    })
    app.route({
      method: 'GET',
      url: '/health/ready',
      config: { ...config, refusals: { 503: 'Service unavailable' } },
      schema: {
        summary: 'Whether everything that the server needs answers',
        tags: ['health'],
        response: {
          200: Type.Object({ status: Type.String(), checks: Type.Array(Type.String()) }),
        },
      },
      handler: async () => {
        // Anyone may send this request, so requests at the same time share one check.
        underWay ??= findFailing().finally(() => {
          underWay = undefined
        })
        const failing = await underWay
        if (failing.length === 0) return { status: 'ready', checks: Object.keys(checks) }
        throw new AppError('not-ready', 503, 'Service unavailable', {
          detail: `Not answering: ${failing.join(', ')}.`,
        })
      },
    })

    async function findFailing(): Promise<string[]> {
      const results = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => {
          try {
            await within(CHECK_MS, check())
            return []
          } catch (error) {
            app.log.error({ err: error, check: name }, 'a check failed')
            return [name]
          }
        }),
      )
      return results.flat()
    }
  }
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`No answer within ${ms} ms.`)), ms)
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
