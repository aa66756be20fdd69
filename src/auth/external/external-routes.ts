import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { unauthorized } from '../../base/errors.ts'
import { Type } from '../../http/schema.ts'

const UserAnswer = Type.Object({
  user: Type.Object({
    id: Type.String(),
    username: Type.String(),
    roles: Type.Array(Type.String(), { description: 'Always empty: only permissions are read.' }),
    permissions: Type.Array(Type.String()),
  }),
})

/**
 * Shows the signed-in user of an external service. The response does not contain the token, because scripts of a
 * page must not be able to read the value of an HttpOnly cookie.
 */
export const externalRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/auth/me',
    {
      config: { access: 'session', refusals: { 503: 'Service busy' } },
      schema: {
        summary: 'The signed-in user, as the token of the other service names it',
        tags: ['auth'],
        response: { 200: UserAnswer },
      },
    },
    async ({ user }, reply) => {
      if (user === null) throw unauthorized()
      reply.header('cache-control', 'no-store')
      const { id, username, roles, permissions } = user
      return { user: { id: String(id), username, roles, permissions } }
    },
  )
}
