import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '../../http/schema.ts'

const SignInPlace = Type.Object({
  external: Type.Boolean({
    description: 'Whether people sign in at another service, and not at `POST /auth/login`.',
  }),
  url: Type.Union([Type.String(), Type.Null()], {
    description: 'Where they do, if that is known: an address, or a path on this host.',
  }),
})

/** Tells clients where people sign in, so that none shows a form that leads nowhere. */
export function signInRoute(place: {
  external: boolean
  url: string | null
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/auth/sign-in',
      {
        config: { access: 'public' },
        schema: {
          summary: 'Where people sign in',
          tags: ['auth'],
          response: { 200: SignInPlace },
        },
      },
      async (_request, reply) => {
        reply.header('cache-control', 'no-cache')
        return place
      },
    )
  }
}
