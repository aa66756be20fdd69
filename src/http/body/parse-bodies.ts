import type { FastifyInstance, FastifyRequest } from 'fastify'
import { unsupportedMediaType } from '../answer/render-errors.ts'
import { parseJson } from './parse-json.ts'

/**
 * Bodies of ordinary routes: JSON, read whole. An empty one is no body, and a route that takes none
 * does not look at what it is sent: many clients declare a type with every request.
 */
export function parseBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) =>
      body.length === 0 ? undefined : parseJson(body),
  )
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    if (request.routeOptions.schema?.body === undefined) return undefined
    throw unsupportedMediaType(request, 'application/json')
  })
}
