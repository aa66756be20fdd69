import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { notFound } from './not-found.ts'
import { phraseOf } from './render-errors.ts'
import { Type } from './schema.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route refuses, by status, for its description: `{ 404: 'Media not found' }`. */
    refusals?: Readonly<Record<number, string>>
  }
}

/** The page needs its own scripts, styles and pictures, and to call the API; nothing is inline. */
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

/**
 * Serves a description of the API, `/openapi.json`, made from the schemas of the routes that are
 * added afterwards, and a page to read and try it, `/docs`.
 */
export async function describeRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Vitrine',
        description: 'A self-hosted media library: upload, browse, search, tag and deliver images.',
        version: '1',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      components: {
        securitySchemes: {
          cookie: { type: 'apiKey', in: 'cookie', name: 'refreshToken' },
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
  app.route({
    method: 'GET',
    url: '/openapi.json',
    config: { access: 'public' },
    schema: { hide: true },
    handler: async () => app.swagger(),
  })
  await app.register(async (docs) => {
    // The files' own word for a path that leads out of their folder.
    docs.setErrorHandler((error: { statusCode?: number }) => {
      throw error.statusCode === 403 ? notFound('There is no such page.') : error
    })
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' }
    })
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: PAGE_POLICY,
      theme: { title: 'Vitrine: the API' },
      // Without the bar that loads descriptions from elsewhere, which the policy forbids anyway.
      uiConfig: { layout: 'BaseLayout' },
    })
  })
}

/** Says who may call a route and what it refuses, from the same declarations that are enforced. */
function describe(schema: FastifySchema = {}, { config = {} }: RouteOptions): FastifySchema {
  const { access = 'public', failure, refusals = {} } = config
  const isPublic = access === 'public'
  const needs = access === 'session' ? 'Needs a session.' : `Needs the permission \`${access}\`.`
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
  detail: Type.Optional(
    Type.String({ description: 'What was wrong, with which value, and what would be right' }),
  ),
})

/** A whole object of one media type, as the answer of a route. */
export const binaryAnswer = (type: string, description: string) => ({
  description,
  content: { [type]: { schema: Type.String({ format: 'binary' }) } },
})
