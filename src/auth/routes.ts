import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { recordAudit } from '../audit/record.ts'
import type { Database } from '../database/database.ts'
import type { Milliseconds } from '../database/tables.ts'
import { parametersMissing, unauthorized } from '../errors.ts'
import { Type } from '../http/schema.ts'
import { openAccessTokens } from './access-tokens.ts'
import { accountRoutes } from './account-routes.ts'
import { actorOf } from './actor.ts'
import { Message, message } from './answers.ts'
import { createChangePassword } from './change-password.ts'
import { COOKIE } from './identify.ts'
import { createLogin } from './login.ts'
import { networkOf } from './network.ts'
import { createPasswordCheck } from './password-check.ts'
import type { verifyPassword } from './passwords.ts'
import { renewToken } from './refresh-tokens.ts'
import { createSessionLookup, type SignedIn } from './session-lookup.ts'
import { endSessions } from './sessions.ts'
import { userRoutes } from './user-routes.ts'

/** The longest name and password, every character escaped, fit four times over. */
const MAX_LOGIN_BYTES = 64 * 1024
const MAX_USER_AGENT = 255

const Credentials = Type.Object({ username: Type.String(), password: Type.String() })

const SignedInAnswer = Type.Object({
  accessToken: Type.String({
    description: 'A JWT for `Authorization: Bearer`, good for 15 minutes or until signing out.',
  }),
  user: Type.Object({
    id: Type.Integer(),
    username: Type.String(),
    roles: Type.Array(Type.String()),
    permissions: Type.Array(Type.String()),
  }),
})

/**
 * Sign-in, who am I, sign-out; accounts, sessions and personal tokens. They need `authPlugin`.
 *
 * @param verify for tests: what compares a password with its hash
 */
export function authRoutes({
  database,
  verify,
}: {
  database: Database
  verify?: typeof verifyPassword
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    const accessTokens = await openAccessTokens(database)
    const sessions = createSessionLookup(database, app.log)
    const check = createPasswordCheck(verify)
    const logIn = createLogin(database, check)
    const changePassword = createChangePassword(database, check)
    await app.register(accountRoutes({ database, changePassword }))
    await app.register(userRoutes({ database }))

    const answer = async (user: SignedIn) => ({
      accessToken: await accessTokens.sign(user, await database.now()),
      user: {
        id: user.id,
        username: user.username,
        roles: user.roles,
        permissions: user.permissions,
      },
    })

    const setCookie = async (
      request: FastifyRequest,
      reply: FastifyReply,
      { token, endsAt }: { token: string; endsAt: Milliseconds },
    ) => {
      const maxAge = Math.ceil((endsAt - (await database.now())) / 1000)
      reply.setCookie(COOKIE, token, { ...attributes(request), maxAge })
    }

    app.addHook('onSend', async (_request, reply) => {
      reply.header('cache-control', 'no-store')
    })

    app.post(
      '/auth/login',
      {
        config: {
          access: 'public',
          refusals: {
            400: 'Required parameters missing',
            401: 'Invalid credentials',
            415: 'Unsupported media type',
            429: 'Too many requests.',
          },
        },
        bodyLimit: MAX_LOGIN_BYTES,
        schema: {
          summary: 'Sign in',
          tags: ['auth'],
          body: Credentials,
          response: { 200: SignedInAnswer },
        },
      },
      async (request, reply) => {
        const { username, password } = request.body
        for (const [name, value] of Object.entries({ username, password })) {
          if (value.trim() === '') throw parametersMissing(`The field "${name}" is blank.`)
        }
        const network = networkOf(request.ip)
        const userAgent = request.headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? ''
        const session = await logIn({ username, password, network, userAgent })
        const user = await sessions.byId(session.sessionId, session.userId, network)
        if (user === undefined) throw unauthorized('The session has been ended this moment.')
        await setCookie(request, reply, session)
        return answer(user)
      },
    )

    app.get(
      '/auth/me',
      {
        config: { access: 'session', cookieOnly: true },
        // Nothing else may replace the refresh token, HEAD neither.
        exposeHeadRoute: false,
        schema: {
          summary: 'Who is signed in, and a new access token; may replace the refresh token',
          tags: ['auth'],
          response: { 200: SignedInAnswer },
        },
      },
      async (request, reply) => {
        const { user, token } = signedIn(request)
        const renewal = await renewToken(database, token)
        if (renewal) await setCookie(request, reply, renewal)
        return answer(user)
      },
    )

    app.post(
      '/auth/logout',
      {
        config: { access: 'session', cookieOnly: true },
        schema: { summary: 'Sign out', tags: ['auth'], response: { 200: Message } },
      },
      async (request, reply) => {
        const { sessionId } = signedIn(request).user
        const now = await database.now()
        await database.write(async (trx) => {
          await endSessions(trx, { sessionId }, now)
          await recordAudit(trx, actorOf(request), { action: 'signed-out' }, now)
        })
        reply.clearCookie(COOKIE, attributes(request))
        return message('Logged out')
      },
    )
  }
}

/** Of the cookie; only with the same ones does a browser replace or clear it. */
const attributes = (request: FastifyRequest) =>
  ({
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: request.protocol === 'https',
  }) as const

/** What the plugin has made sure of, for the compiler's eyes. */
function signedIn({ user, cookies }: FastifyRequest): { user: SignedIn; token: string } {
  const token = cookies[COOKIE]
  if (user === null || !('sessionId' in user) || token === undefined) throw unauthorized()
  return { user, token }
}
