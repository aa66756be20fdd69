import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { recordAudit } from '../audit/record.ts'
import { parametersMissing, unauthorized } from '../base/errors.ts'
import type { Database } from '../database/database.ts'
import type { Recorders } from '../database/recorder.ts'
import type { Milliseconds } from '../database/tables.ts'
import { Type } from '../http/schema.ts'
import { accountRoutes } from './accounts/account-routes.ts'
import { Message, message } from './accounts/answers.ts'
import { userRoutes } from './accounts/user-routes.ts'
import { actorOf, networkOf } from './actor.ts'
import type { SessionCookie } from './session/cookie.ts'
import type { OwnSessions } from './session/identify-by-session.ts'
import { isToken, renewToken } from './session/refresh-tokens.ts'
import type { Found, SignedIn } from './session/session-lookup.ts'
import { endSessions } from './session/sessions.ts'
import { createChangePassword } from './sign-in/change-password.ts'
import { createLogin } from './sign-in/login.ts'
import { createPasswordCheck } from './sign-in/password-check.ts'
import type { verifyPassword } from './sign-in/passwords.ts'

/** More than four times the size of the longest name and password with every character escaped. */
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
 * Routes for sign-in, sign-out, the signed-in user, accounts, sessions and personal tokens. They need `authPlugin`.
 *
 * @param verify replaces the comparison of a password with its hash, for tests
 */
export function authRoutes({
  database,
  cookie,
  recorders,
  own: { accessTokens, sessions },
  verify,
}: {
  database: Database
  cookie: SessionCookie
  recorders: Recorders
  own: OwnSessions
  verify?: typeof verifyPassword
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    const check = createPasswordCheck(verify)
    const logIn = createLogin(database, check, recorders.trail)
    const changePassword = createChangePassword(database, check, recorders.trail)
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
      cookie.set(request, reply, token, maxAge)
    }

    const findSession = ({ headers, ip }: FastifyRequest) =>
      sessions.byTokens(cookie.values(headers, isToken), networkOf(ip))

    /** The session of the cookie that the request was let through with. */
    const signedIn = async (request: FastifyRequest): Promise<Found> => {
      const found = await findSession(request)
      if (found === undefined) throw unauthorized('The session has just ended.')
      return found
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
        if (user === undefined) throw unauthorized('The session has just ended.')
        await setCookie(request, reply, session)
        return answer(user)
      },
    )

    app.get(
      '/auth/me',
      {
        config: { access: 'session', cookieOnly: true },
        // Only GET may replace the refresh token, not HEAD.
        exposeHeadRoute: false,
        schema: {
          summary: 'Who is signed in, and a new access token; may replace the refresh token',
          tags: ['auth'],
          response: { 200: SignedInAnswer },
        },
      },
      async (request, reply) => {
        const { user, token } = await signedIn(request)
        const renewal = await renewToken(database, recorders.uses, token)
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
        // Ends the session of every cookie that the browser sends. With one left, the user would stay signed in.
        for (
          let found: Found | undefined = await signedIn(request);
          found;
          found = await findSession(request)
        ) {
          const { sessionId, id, username } = found.user
          const now = await database.now()
          const by = { ...actorOf(request), accountId: String(id), name: username }
          await database.write(async (trx) => {
            await endSessions(trx, { sessionId }, now)
            await recordAudit(trx, by, { action: 'signed-out' }, now)
          })
        }
        cookie.clear(request, reply)
        return message('Logged out')
      },
    )
  }
}
