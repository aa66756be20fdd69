import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError, quote } from '../../base/errors.ts'

/**
 * Answers requests that match no route: "Not found", or "Method not allowed" if the path is known with other
 * methods. It does so before the body is read, and after the `onRequest` hooks, which may answer a preflight.
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
  // There is a route for this method, and the route itself found nothing.
  if (allowed.length === 0 || allowed.includes(method))
    return notFound(`There is nothing at ${quote(path)}.`)
  return new AppError('method-not-allowed', 405, 'Method not allowed', {
    detail: `${quote(path)} does not take ${method}; it takes ${allowed.join(', ')}.`,
    headers: { allow: allowed.join(', ') },
  })
}
