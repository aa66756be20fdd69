import { once } from 'node:events'
import { createServer as createHttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import { onTestFinished } from 'vitest'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import { createLog } from '../../http/operate/logging.ts'
import { createServer } from '../../http/server.ts'
import { authPlugin } from '../admission.ts'
import { createSessionCookie } from '../session/cookie.ts'
import type { External } from './external.ts'
import { externalRoutes } from './external-routes.ts'
import { identifyByToken } from './identify-by-token.ts'

export const SECRET = 'a secret that two services share, and nobody else'
export const ISSUER = 'https://house.example'
export const AUDIENCE = 'media'

/** Claims of a valid token, without its times. */
export const CLAIMS = { iss: ISSUER, aud: AUDIENCE, sub: 'vera', permissions: ['view-media'] }

export const COOKIE = 'refreshToken'

type Claims = Readonly<Record<string, unknown>>
type Key = Parameters<SignJWT['sign']>[0]

/** Signs these claims, without undefined ones. The token is valid for five minutes unless they include `exp`. */
export async function signToken(
  claims: Claims,
  key: Key = Buffer.from(SECRET),
  header: { alg: string; kid?: string } = { alg: 'HS256' },
): Promise<string> {
  const payload = { exp: now() + 300, ...claims } as JWTPayload
  return new SignJWT(payload).setProtectedHeader(header).sign(key)
}

/** Current time in seconds, as in tokens. */
export const now = (): number => Math.floor(Date.now() / 1000)

export interface SigningKey {
  jwk: JWK
  privateJwk: JWK
  sign(claims?: Claims): Promise<string>
}

/** A new key pair, with a function that signs tokens. */
export async function createKey(alg: string, kid?: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const name = kid === undefined ? {} : { kid }
  return {
    jwk: { ...(await exportJWK(publicKey)), ...name },
    privateJwk: { ...(await exportJWK(privateKey)), ...name },
    sign: (claims = CLAIMS) => signToken(claims, privateKey, { alg, ...name }),
  }
}

/** Starts a key server on this machine, which runs until the end of the test. */
export async function startKeyServer(...keys: SigningKey[]) {
  let answer = (response: ServerResponse): unknown => response.destroy()
  let requests = 0
  const server = createHttpServer((_request, response) => {
    requests += 1
    answer(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const publish = (...published: SigningKey[]) => {
    answer = (response) => response.end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }))
  }
  publish(...keys)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    /** Replaces the keys that it publishes. */
    publish,
    /** Replaces the way it responds. */
    behave(behaviour: (response: ServerResponse) => unknown) {
      answer = behaviour
    },
    /** Number of requests received. */
    requests: () => requests,
  }
}

/** A server that identifies users by tokens. They are signed with `SECRET` unless `options` has other keys. */
export async function createExternalApp(options: Partial<External> = {}) {
  const lines: string[] = []
  const log = createLog('trace', { write: (line) => lines.push(line) })
  const app = await createServer(
    { hosts: [], trustedProxies: [], metricsToken: undefined, allowedOrigins: [] },
    log,
  )
  onTestFinished(() => app.close())
  const identify = identifyByToken(
    {
      keys: { secret: SECRET },
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: ['HS256'],
      userClaim: 'sub',
      permissionsClaim: 'permissions',
      permissionsMap: undefined,
      signInUrl: undefined,
      ...options,
    },
    log,
    createSessionCookie({ cookieName: COOKIE, cookieDomain: undefined }),
  )
  await app.register(
    authPlugin({ identify, allowedOrigins: [], database: await openTemporaryDatabase() }),
  )
  await app.register(externalRoutes)
  app.get('/media', { config: { access: 'view-media' } }, async () => ({}))
  app.post('/media/edit', { config: { access: 'edit-media' } }, async () => ({}))

  /** Sends a request with this token in the cookie. */
  const ask = (token: string, url = '/auth/me') =>
    app.inject({ url, headers: { cookie: `${COOKIE}=${token}` } })
  /** The response status for each token, in order. */
  const statuses = async (...tokens: string[]) => {
    const answers = []
    for (const token of tokens) answers.push((await ask(token)).statusCode)
    return answers
  }
  return { app, ask, statuses, log: () => lines.join('') }
}
