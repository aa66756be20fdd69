import { type FastifyInstance, type FastifySchema, fastify, type RouteOptions } from 'fastify'
import { notFound } from './answer/not-found.ts'
import { phraseOf } from './answer/render-errors.ts'
import type { BasePath } from './base-path.ts'
import { Type } from './schema.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The errors of the route by status, for its description: `{ 404: 'Media not found' }`. */
    refusals?: Readonly<Record<number, string>>
  }
}

/** The page loads its own scripts, styles and pictures, and calls the API. Nothing is inline. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Paths of the page and its resources. `makeDescription` has the routes. */
const PAGES = ['/docs', '/docs/', '/docs/json', '/docs/yaml', '/docs/static/*']

/**
 * Serves a description of the API at `/openapi.json`, and a page to read and try it at `/docs`. The
 * description is made from the schemas of all routes that are added after this call. Both are made at the
 * first request: few servers ever get one, and loading the code takes a tenth of the start.
 *
 * @param cookieName of the cookie that identifies the user
 */
export function describeRoutes(app: FastifyInstance, cookieName: string, basePath: BasePath): void {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => {
    if (route.method !== 'HEAD') routes.push(route)
  })
  let made: Promise<FastifyInstance> | undefined
  /** Made once: it is long, and anyone may request it. */
  let text: string | undefined
  const description = () => {
    made ??= makeDescription(routes, cookieName, basePath).catch((error) => {
      made = undefined
      throw error
    })
    return made
  }
  app.route({
    method: 'GET',
    url: '/openapi.json',
    config: { access: 'public' },
    schema: { hide: true },
    handler: async (_request, reply) => {
      text ??= JSON.stringify((await description()).swagger())
      return reply.type('application/json; charset=utf-8').send(text)
    },
  })
  for (const url of PAGES) {
    app.route({
      method: 'GET',
      url,
      config: { access: 'public' },
      schema: { hide: true },
      handler: async (request, reply) => {
        const pages = await description()
        // No client needs parts of these.
        const { range, ...headers } = request.headers
        const answer = await pages.inject({ method: 'GET', url: request.url, headers })
        if (answer.statusCode >= 500) throw new Error(`The documentation failed: ${answer.body}`)
        if (answer.statusCode >= 400) throw notFound('There is no such page.')
        for (const [name, value] of Object.entries(answer.headers)) {
          if (value !== undefined && !OF_CONNECTION.has(name)) reply.header(name, value)
        }
        // For an empty buffer Fastify would set `Content-Type: application/octet-stream`.
        const body = answer.rawPayload.length > 0 ? answer.rawPayload : undefined
        return reply.code(answer.statusCode).send(body)
      },
    })
  }
}

/** Headers that each server sets itself. */
const OF_CONNECTION: ReadonlySet<string> = new Set(['connection', 'content-length', 'date'])

/** A server that never listens. It has the description of these routes and the pages that show it. */
async function makeDescription(
  routes: readonly RouteOptions[],
  cookieName: string,
  basePath: BasePath,
): Promise<FastifyInstance> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ])
  const app = fastify()
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => JSON.stringify)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Vitrine',
        description: 'A self-hosted media library: upload, browse, search, tag and deliver images.',
        version: '1',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      ...(basePath !== '' && { servers: [{ url: basePath }] }),
      components: {
        securitySchemes: {
          cookie: { type: 'apiKey', in: 'cookie', name: cookieName },
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'An access token, or a personal token.',
          },
        },
      },
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => ({ schema: describe(schema, route), url }),
  })
  for (const { method, url, schema = {}, config = {} } of routes) {
    if (!schema.hide) app.route({ method, url, schema, config, handler: async () => undefined })
  }
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: basePath,
    staticCSP: PAGE_POLICY,
    theme: { title: 'Vitrine: the API' },
    // Without the bar that loads descriptions from other addresses. The policy forbids that anyway.
    uiConfig: { layout: 'BaseLayout' },
  })
  await app.ready()
  return app
}

/** Adds who may call a route and what it refuses, from the same declarations that are enforced. */
function describe(schema: FastifySchema = {}, { config = {} }: RouteOptions): FastifySchema {
  const { access = 'public', failure, refusals = {} } = config
  const isPublic = access === 'public'
  const permissions = [access].flat().map((name) => `\`${name}\``)
  const needs =
    access === 'session'
      ? 'Needs a session.'
      : `Needs the permission${permissions.length > 1 ? 's' : ''} ${permissions.join(' and ')}.`
  const errors = {
    ...(!isPublic && { 401: 'Unauthorized', 403: 'Forbidden' }),
    ...refusals,
    ...(failure !== undefined && { 500: failure }),
  }
  return {
    ...schema,
    description: [schema.description, !isPublic && needs].filter(Boolean).join('\n\n'),
    security: isPublic ? [] : [{ cookie: [] }, { bearer: [] }],
    response: {
      ...mapValues((schema.response ?? {}) as Record<string, object>, (answer, status) => ({
        description: phraseOf(Number(status)),
        ...answer,
      })),
      ...mapValues(errors, (message) => ({ ...ErrorAnswer, description: message })),
    },
  }
}

const mapValues = <T, U>(record: Readonly<Record<string, T>>, map: (value: T, key: string) => U) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]))

const ErrorAnswer = Type.Object({
  data: Type.String({ description: 'What went wrong, in words that programs may rely on' }),
  code: Type.Integer({ description: 'The status' }),
  error: Type.String({ description: 'Stable code for programs, such as `image-refused`' }),
  detail: Type.Optional(
    Type.String({ description: 'What was wrong, with which value, and what would be right' }),
  ),
})

/** A whole object of one media type, as the answer of a route. */
export const binaryAnswer = (type: string, description: string) => ({
  description,
  content: { [type]: { schema: Type.String({ format: 'binary' }) } },
})
