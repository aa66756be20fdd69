import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '../../http/schema.ts'

const SignInPlace = Type.Object({
  external: Type.Boolean({
    description: 'Whether people sign in at another service, and not at `POST /auth/login`.',
  }),
  url: Type.Union([Type.String(), Type.Null()], {
    description: 'Where they sign in, if known: a URL, or a path on this host.',
  }),
})

/** Reports where users sign in, so that no client shows a sign-in form that cannot work. */
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
