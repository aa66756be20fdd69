import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { parametersMissing } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { IdParameter, requireId } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import { actorOf } from '../actor.ts'
import { endAllSessions, endSession, listSessions } from '../session/session-list.ts'
import { listApiTokens, revokeApiToken } from '../tokens/api-tokens.ts'
import { createUser, removeUser, setDisabled, setPassword, setRole } from './accounts.ts'
import {
  AccountAnswer,
  Message,
  message,
  SessionList,
  TokenList,
  toAccountAnswer,
  toSessionAnswer,
  toTokenAnswer,
} from './answers.ts'
import { listRoles, listUsers, readAccount } from './list-accounts.ts'

const MAX_BODY_BYTES = 64 * 1024

const Password = Type.String({ description: '8 to 1024 characters' })
const Role = Type.String({ description: '`viewer`, `editor` or `admin`' })
const Id = Type.Object({ id: IdParameter })
const Changed = Type.Object({ ...Message.properties, user: AccountAnswer })

const NO_ID = 'Required parameters missing'
const NO_USER = 'User not found'
const LAST_ADMIN = 'Last administrator'

/** Routes with which administrators manage all accounts. */
export function userRoutes({ database }: { database: Database }): FastifyPluginAsyncTypebox {
  return async (app) => {
    const config = (failure: string, refusals: Readonly<Record<number, string>> = {}) =>
      ({ access: 'manage-accounts', failure, refusals }) as const
    const changing = (refusals: Readonly<Record<number, string>> = {}) =>
      config('Error updating the user', {
        400: NO_ID,
        404: NO_USER,
        415: 'Unsupported media type',
        ...refusals,
      })
    const changed = async (id: number, data = 'User updated successfully') => ({
      ...message(data),
      user: toAccountAnswer(await readAccount(database.read, id)),
    })
    app.addHook('onSend', async (_request, reply) => {
      reply.header('cache-control', 'no-store')
    })

    app.get(
      '/users',
      {
        config: config('Error listing the users'),
        schema: {
          summary: 'All accounts, and what the roles allow',
          tags: ['accounts'],
          response: {
            200: Type.Object({
              users: Type.Array(AccountAnswer, { description: 'In the order of their creation' }),
              roles: Type.Array(
                Type.Object({ name: Type.String(), permissions: Type.Array(Type.String()) }),
              ),
            }),
          },
        },
      },
      async () => ({
        users: (await listUsers(database)).map(toAccountAnswer),
        roles: await listRoles(database.read),
      }),
    )

    app.post(
      '/users',
      {
        config: config('Error adding the user', {
          400: NO_ID,
          409: 'Username taken',
          415: 'Unsupported media type',
        }),
        bodyLimit: MAX_BODY_BYTES,
        schema: {
          summary: 'Make an account',
          tags: ['accounts'],
          body: Type.Object({
            username: Type.String({ description: '1 to 64 letters, digits, or any of . _ - @' }),
            password: Password,
            role: Role,
          }),
          response: { 200: Changed },
        },
      },
      async (request) => {
        requireFilled(request.body)
        const id = await createUser(database, request.body, actorOf(request))
        return changed(id, 'User added successfully')
      },
    )

    app.post(
      '/users/:id/role',
      {
        config: changing({ 409: LAST_ADMIN }),
        bodyLimit: MAX_BODY_BYTES,
        schema: {
          summary: 'Give an account another role',
          description: 'It takes effect at the next request.',
          tags: ['accounts'],
          params: Id,
          body: Type.Object({ role: Role }),
          response: { 200: Changed },
        },
      },
      async (request) => {
        const id = requireId(request.params.id)
        requireFilled(request.body)
        await setRole(database, id, request.body.role, actorOf(request))
        return changed(id)
      },
    )

    app.post(
      '/users/:id/disabled',
      {
        config: changing({ 409: LAST_ADMIN }),
        bodyLimit: MAX_BODY_BYTES,
        schema: {
          summary: 'Disable an account, or enable it again',
          description: 'Disabling ends its sessions and personal tokens for good.',
          tags: ['accounts'],
          params: Id,
          body: Type.Object({ disabled: Type.Boolean() }),
          response: { 200: Changed },
        },
      },
      async (request) => {
        const id = requireId(request.params.id)
        await setDisabled(database, id, request.body.disabled, actorOf(request))
        return changed(id)
      },
    )

    app.post(
      '/users/:id/password',
      {
        config: changing(),
        bodyLimit: MAX_BODY_BYTES,
        schema: {
          summary: 'Give an account another password',
          description: 'Ends its sessions and personal tokens.',
          tags: ['accounts'],
          params: Id,
          body: Type.Object({ password: Password }),
          response: { 200: Message },
        },
      },
      async (request) => {
        const id = requireId(request.params.id)
        requireFilled(request.body)
        await setPassword(database, id, request.body.password, actorOf(request))
        return message('Password changed')
      },
    )

    app.delete(
      '/users/:id',
      {
        config: config('Error deleting the user', { 400: NO_ID, 404: NO_USER, 409: LAST_ADMIN }),
        schema: {
          summary: 'Delete an account',
          tags: ['accounts'],
          params: Id,
          response: { 200: Message },
        },
      },
      async (request) => {
        await removeUser(database, requireId(request.params.id), actorOf(request))
        return message('User deleted successfully')
      },
    )

    app.get(
      '/users/:id/sessions',
      {
        config: config('Error listing sessions', { 400: NO_ID, 404: NO_USER }),
        schema: {
          summary: 'The sessions of an account',
          tags: ['accounts'],
          params: Id,
          response: { 200: SessionList },
        },
      },
      async (request) => {
        const sessions = await listSessions(database, requireId(request.params.id))
        const current = sessionOf(request)
        return { sessions: sessions.map((session) => toSessionAnswer(session, current)) }
      },
    )

    app.delete(
      '/users/:id/sessions',
      {
        config: config('Error ending sessions', { 400: NO_ID, 404: NO_USER }),
        schema: {
          summary: 'End all sessions of an account',
          tags: ['accounts'],
          params: Id,
          response: { 200: Message },
        },
      },
      async (request) => {
        const id = requireId(request.params.id)
        await endAllSessions(database, id, { by: actorOf(request) })
        return message('Sessions ended')
      },
    )

    app.delete(
      '/users/:id/sessions/:session',
      {
        config: config('Error ending the session', {
          400: NO_ID,
          404: `${NO_USER}, or Session not found`,
        }),
        schema: {
          summary: 'End a session of an account',
          tags: ['accounts'],
          params: Type.Object({ id: IdParameter, session: Type.String() }),
          response: { 200: Message },
        },
      },
      async (request) => {
        const { id, session } = request.params
        await endSession(database, requireId(id), session, actorOf(request))
        return message('Session ended')
      },
    )

    app.get(
      '/users/:id/tokens',
      {
        config: config('Error listing tokens', { 400: NO_ID, 404: NO_USER }),
        schema: {
          summary: 'The personal tokens of an account',
          tags: ['accounts'],
          params: Id,
          response: { 200: TokenList },
        },
      },
      async (request) => {
        const tokens = await listApiTokens(database, requireId(request.params.id))
        return { tokens: tokens.map(toTokenAnswer) }
      },
    )

    app.delete(
      '/users/:id/tokens/:token',
      {
        config: config('Error revoking the token', {
          400: NO_ID,
          404: `${NO_USER}, or Token not found`,
        }),
        schema: {
          summary: 'Revoke a personal token of an account',
          tags: ['accounts'],
          params: Type.Object({ id: IdParameter, token: IdParameter }),
          response: { 200: Message },
        },
      },
      async (request) => {
        const { id, token } = request.params
        const which = { id: requireId(token), who: requireId(id) }
        await revokeApiToken(database, which, actorOf(request))
        return message('Token revoked')
      },
    )
  }
}

const sessionOf = ({ user }: FastifyRequest) =>
  user !== null && 'sessionId' in user ? user.sessionId : undefined

function requireFilled(fields: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value.trim() === '') throw parametersMissing(`The field "${name}" is blank.`)
  }
}
