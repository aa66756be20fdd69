import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'

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
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        },
      },
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => ({ schema: describeAccess(schema, route), url }),
  })
  app.route({
    method: 'GET',
    url: '/openapi.json',
    config: { access: 'public' },
    schema: { hide: true },
    handler: async () => app.swagger(),
  })
  await app.register(async (docs) => {
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

/** Says who may call a route, from the same declaration that is enforced. */
function describeAccess(
  schema: FastifySchema | undefined,
  { config }: RouteOptions,
): FastifySchema {
  const access = config?.access
  if (access === undefined || access === 'public') return { ...schema, security: [] }
  const needs = access === 'session' ? 'Needs a session.' : `Needs the permission \`${access}\`.`
  return {
    ...schema,
    description: [schema?.description, needs].filter(Boolean).join('\n\n'),
    security: [{ cookie: [] }, { bearer: [] }],
  }
}
