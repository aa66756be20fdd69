import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError, quote } from '../../base/errors.ts'

/**
 * Answers what no route matches: "Not found", or "Method not allowed" where the path is known with
 * other methods. It does so before the body is looked at, and after the hooks `onRequest`, which
 * may answer a preflight.
 */
export function refuseUnmatched(app: FastifyInstance): void {
  app.addHook('preParsing', async (request) => {
    if (request.is404) throw unmatched(app, request)
  })
  app.setNotFoundHandler((request) => {
    throw unmatched(app, request)
  })
}

export const notFound = (detail: string) => new AppError('not-found', 404, 'Not found', { detail })

function unmatched(app: FastifyInstance, { method, url }: FastifyRequest): AppError {
  const path = url.split('?', 1)[0] ?? ''
  const allowed = app.supportedMethods.filter((other) =>
    app.findRoute({ method: other, url: path }),
  )
  // A route that takes the method found nothing itself.
  if (allowed.length === 0 || allowed.includes(method))
    return notFound(`There is nothing at ${quote(path)}.`)
  return new AppError('method-not-allowed', 405, 'Method not allowed', {
    detail: `${method} is not for ${quote(path)}; it takes ${allowed.join(', ')}.`,
    headers: { allow: allowed.join(', ') },
  })
}
