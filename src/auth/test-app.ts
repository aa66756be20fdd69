import Fastify from 'fastify'
import { onTestFinished } from 'vitest'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import { auditRoutes } from '../audit/routes.ts'
import type { Database } from '../database/database.ts'
import { createRecorders } from '../database/recorder.ts'
import { renderErrors } from '../http/answer/render-errors.ts'
import { validateBodies } from '../http/body/validate-body.ts'
import { authPlugin } from './admission.ts'
import { recordRefusals } from './record-refusals.ts'
import { authRoutes } from './routes.ts'
import { createSessionCookie } from './session/cookie.ts'
import { identifyBySession, openOwnSessions } from './session/identify-by-session.ts'
import { hashPassword, type verifyPassword } from './sign-in/passwords.ts'

export const MINUTE = 60_000
export const DAY = 24 * 60 * MINUTE

export interface Clock {
  (): number
  advance(milliseconds: number): void
}

/** A new database with a clock that stands still until `advance` is called. */
export async function openTestDatabase(): Promise<{ database: Database; clock: Clock }> {
  let now = Date.parse('2026-01-20T18:22:10.000Z')
  const clock = Object.assign(() => now, {
    advance: (milliseconds: number) => {
      now += milliseconds
    },
  })
  return { database: await openTemporaryDatabase(clock), clock }
}

export const PASSWORD = 'correct horse battery'
// Computed once for all tests, because hashing is slow on purpose.
const passwordHash = await hashPassword(PASSWORD)

const addUsers = (database: Database, roles: Record<string, string>) =>
  database.write(async (trx) => {
    for (const [username, role] of Object.entries(roles)) {
      const { id } = await trx
        .insertInto('users')
        .values({ username, password_hash: passwordHash, disabled: 0, created_at: 0 })
        .returning('id')
        .executeTakeFirstOrThrow()
      await trx.insertInto('user_roles').values({ user_id: id, role }).execute()
    }
  })

/** A server with a route of each kind, and the users `vera` (viewer), `ed` (editor), `ada` (admin). */
export async function createTestApp(
  options: {
    allowedOrigins?: string[]
    verify?: typeof verifyPassword
    cookieName?: string
    cookieDomain?: string
  } = {},
) {
  const { database, clock } = await openTestDatabase()
  await addUsers(database, { vera: 'viewer', ed: 'editor', ada: 'admin' })

  const app = Fastify({ trustProxy: '127.0.0.1' })
  onTestFinished(() => app.close())
  app.setValidatorCompiler(validateBodies)
  renderErrors(app)
  const { cookieName = 'refreshToken', cookieDomain } = options
  const recorders = createRecorders(database, app.log)
  // Lets a test read what a request recorded, because the response waits for the recorders.
  app.addHook('onSend', recorders.settled)
  const cookie = createSessionCookie({ cookieName, cookieDomain })
  const own = await openOwnSessions(database, recorders.uses)
  const identify = identifyBySession(database, recorders.uses, cookie, own)
  await app.register(
    authPlugin({ identify, allowedOrigins: options.allowedOrigins ?? [], database }),
  )
  recordRefusals(app, database, recorders.trail)
  await app.register(auditRoutes, { database })
  await app.register(
    authRoutes({
      database,
      cookie,
      recorders,
      own,
      ...(options.verify && { verify: options.verify }),
    }),
  )
  app.get('/public', { config: { access: 'public' } }, async () => 'public')
  app.get('/session', { config: { access: 'session' } }, async (request) => request.user)
  app.get('/media', { config: { access: 'view-media' } }, async () => 'media')
  app.post('/media/edit', { config: { access: 'edit-media' } }, async () => 'edited')
  app.get('/not-modified', { config: { access: 'view-media' } }, async (_request, reply) =>
    reply.code(304).send(),
  )
  app.options('/media/add', { config: { access: 'public' } }, async (_request, reply) =>
    reply.code(204).header('x-own', 'yes').send(),
  )

  /** Signs in and returns the value of the cookie and the access token. */
  const signIn = async (username: string, remoteAddress = '127.0.0.1') => {
    const response = await logIn(username, PASSWORD, remoteAddress)
    const [cookie] = response.cookies
    return { token: cookie?.value ?? '', accessToken: response.json().accessToken as string }
  }
  const logIn = (username: string, password: string, remoteAddress = '127.0.0.1') =>
    app.inject({
      method: 'POST',
      url: '/auth/login',
      remoteAddress,
      payload: { username, password },
    })
  const get = (url: string, token: string) => app.inject({ url, cookies: { refreshToken: token } })
  const getWithAccessToken = (url: string, accessToken: string) =>
    app.inject({ url, headers: { authorization: `Bearer ${accessToken}` } })

  /** Sends a request with `token` as the cookie, or with an access or personal token as `bearer`. */
  const send = (
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    { token, bearer, body }: { token?: string; bearer?: string; body?: object } = {},
  ) =>
    app.inject({
      method,
      url,
      ...(token !== undefined && { cookies: { refreshToken: token } }),
      ...(bearer !== undefined && { headers: { authorization: `Bearer ${bearer}` } }),
      ...(body !== undefined && { payload: body }),
    })

  return { app, database, recorders, clock, logIn, signIn, get, getWithAccessToken, send }
}
