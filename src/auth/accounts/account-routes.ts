import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { forbidden, parametersMissing } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { IdParameter, requireId } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import { actorOf } from '../actor.ts'
import { endAllSessions, endSession, listSessions } from '../session/session-list.ts'
import type { SignedIn } from '../session/session-lookup.ts'
import type { ChangePassword } from '../sign-in/change-password.ts'
import {
  createApiToken,
  listApiTokens,
  MAX_TOKEN_DAYS,
  revokeApiToken,
  tokenPermissions,
} from '../tokens/api-tokens.ts'
import {
  Message,
  message,
  SessionList,
  TokenAnswer,
  TokenList,
  toSessionAnswer,
  toTokenAnswer,
} from './answers.ts'

/** More than four times the size of the two longest passwords with every character escaped. */
const MAX_BODY_BYTES = 128 * 1024

const NO_TOKEN = 'Not with a personal token.'

const NewPassword = Type.Object({
  currentPassword: Type.String(),
  password: Type.String({ description: '8 to 1024 characters' }),
})

const NewToken = Type.Object({
  name: Type.String({ description: 'What it is for; 1 to 100 characters' }),
  permissions: Type.Array(Type.String(), {
    description: `Any of ${tokenPermissions.join(', ')} that the account has itself`,
  }),
  days: Type.Integer({ description: `Lifetime in days: 1 to ${MAX_TOKEN_DAYS}` }),
})

/** Routes for a user's own password, sessions and personal tokens. They need a session and refuse personal tokens. */
export function accountRoutes({
  database,
  changePassword,
}: {
  database: Database
  changePassword: ChangePassword
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    const config = { access: 'session' } as const
    const withBody = { 400: 'Required parameters missing', 415: 'Unsupported media type' }
    app.addHook('onRequest', async (request) => void requireSession(request))
    app.addHook('onSend', async (_request, reply) => {
      reply.header('cache-control', 'no-store')
    })

    app.post(
      '/auth/password',
      {
        config: {
          ...config,
          failure: 'Error changing the password',
          refusals: {
            ...withBody,
            403: 'Forbidden, or Invalid credentials',
            429: 'Too many requests.',
            503: 'Service busy',
          },
        },
        bodyLimit: MAX_BODY_BYTES,
        schema: {
          summary: 'Change one’s own password',
          description: `All other sessions of the account end. ${NO_TOKEN}`,
          tags: ['account'],
          body: NewPassword,
          response: { 200: Message },
        },
      },
      async (request) => {
        await changePassword(requireSession(request), request.body, actorOf(request))
        return message('Password changed')
      },
    )

    app.get(
      '/auth/sessions',
      {
        config,
        schema: {
          summary: 'One’s own sessions',
          description: NO_TOKEN,
          tags: ['account'],
          response: { 200: SessionList },
        },
      },
      async (request) => {
        const { id, sessionId } = requireSession(request)
        const sessions = await listSessions(database, id)
        return { sessions: sessions.map((session) => toSessionAnswer(session, sessionId)) }
      },
    )

    app.delete(
      '/auth/sessions',
      {
        config: { ...config, failure: 'Error ending sessions' },
        schema: {
          summary: 'End all other sessions of one’s own',
          description: NO_TOKEN,
          tags: ['account'],
          response: { 200: Message },
        },
      },
      async (request) => {
        const { id, sessionId } = requireSession(request)
        await endAllSessions(database, id, { except: sessionId, by: actorOf(request) })
        return message('Sessions ended')
      },
    )

    app.delete(
      '/auth/sessions/:session',
      {
        config: {
          ...config,
          failure: 'Error ending the session',
          refusals: { 404: 'Session not found' },
        },
        schema: {
          summary: 'End a session of one’s own',
          description: NO_TOKEN,
          tags: ['account'],
          params: Type.Object({ session: Type.String() }),
          response: { 200: Message },
        },
      },
      async (request) => {
        const { session } = request.params
        await endSession(database, requireSession(request).id, session, actorOf(request))
        return message('Session ended')
      },
    )

    app.get(
      '/auth/tokens',
      {
        config,
        schema: {
          summary: 'One’s own personal tokens',
          description: NO_TOKEN,
          tags: ['account'],
          response: { 200: TokenList },
        },
      },
      async (request) => {
        const tokens = await listApiTokens(database, requireSession(request).id)
        return { tokens: tokens.map(toTokenAnswer) }
      },
    )

    app.post(
      '/auth/tokens',
      {
        config: {
          ...config,
          failure: 'Error making the token',
          refusals: { ...withBody, 409: 'Too many tokens' },
        },
        bodyLimit: MAX_BODY_BYTES,
        schema: {
          summary: 'Make a personal token',
          description: `For scripts, in \`Authorization: Bearer\`. \`secret\` is the token itself, shown only now. ${NO_TOKEN}`,
          tags: ['account'],
          body: NewToken,
          response: {
            200: Type.Object({
              ...Message.properties,
              token: TokenAnswer,
              secret: Type.String({ description: '`vitrine_` and 43 characters' }),
            }),
          },
        },
      },
      async (request) => {
        const user = requireSession(request)
        if (request.body.permissions.length === 0) {
          throw parametersMissing('permissions is empty; a token needs at least one.')
        }
        const { token, ...made } = await createApiToken(
          database,
          user.id,
          request.body,
          actorOf(request),
        )
        return { ...message('Token added successfully'), token: toTokenAnswer(made), secret: token }
      },
    )

    app.delete(
      '/auth/tokens/:id',
      {
        config: {
          ...config,
          failure: 'Error revoking the token',
          refusals: { 400: 'Required parameters missing', 404: 'Token not found' },
        },
        schema: {
          summary: 'Revoke a personal token of one’s own',
          description: NO_TOKEN,
          tags: ['account'],
          params: Type.Object({ id: IdParameter }),
          response: { 200: Message },
        },
      },
      async (request) => {
        const who = requireSession(request).id
        await revokeApiToken(database, { id: requireId(request.params.id), who }, actorOf(request))
        return message('Token revoked')
      },
    )
  }
}

/** The holder of a personal token must not lock out its owner, or create a token that survives its revocation. */
function requireSession({ user }: FastifyRequest): SignedIn {
  if (user !== null && 'sessionId' in user) return user
  throw forbidden('A personal token may not do this; sign in.')
}
