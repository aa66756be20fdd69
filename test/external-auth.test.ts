import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  AUDIENCE,
  CLAIMS,
  createKey,
  ISSUER,
  SECRET,
  signToken,
  startKeyServer,
} from '../src/auth/external/external.fixture.ts'
import { makePng } from './fixtures.ts'
import { Client, makeDataFolder, runCli, type Settings, signIn, startServer } from './harness.ts'

const PINNED = {
  VITRINE_AUTH: 'external',
  VITRINE_AUTH_ISSUER: ISSUER,
  VITRINE_AUTH_AUDIENCE: AUDIENCE,
}
const BY_SECRET = { ...PINNED, VITRINE_AUTH_SECRET: SECRET, VITRINE_AUTH_ALGORITHMS: 'HS256' }

async function start(settings: Settings, data?: string) {
  const server = await startServer(settings, data)
  onTestFinished(() => server.kill())
  return server
}

/** A client with this token in its cookie. */
function carry(url: string, token: string): Client {
  const client = new Client(url)
  client.cookie = `refreshToken=${token}`
  return client
}

describe('a library with external accounts', () => {
  let data: string
  beforeAll(() => {
    data = makeDataFolder()
  })

  it('accepts the cookie with the permissions of its token, and has no sign-in', async () => {
    const settings = {
      ...BY_SECRET,
      VITRINE_AUTH_PERMISSIONS_CLAIM: 'realm.roles',
      VITRINE_AUTH_PERMISSIONS_MAP: 'looks=view-media,curates=add-media,curates=delete-media',
      VITRINE_AUTH_SIGN_IN_URL: 'https://house.example/sign-in',
      VITRINE_ADMIN_PASSWORD: undefined,
      VITRINE_LOG_LEVEL: 'trace',
    }
    const server = await start(settings, data)
    expect(server.output()).toMatch(/^Vitrine is listening on \S+\n$/)
    expect(existsSync(join(data, 'admin-password'))).toBe(false)

    const token = await signToken({ ...CLAIMS, realm: { roles: ['looks', 'curates'] } })
    const client = carry(server.url, token)
    expect((await client.get('/auth/me')).body).toEqual({
      user: {
        id: 'vera',
        username: 'vera',
        roles: [],
        permissions: ['view-media', 'add-media', 'delete-media'],
      },
    })
    const { media } = (await client.add('A picture', [], await makePng())).body
    expect((await client.list()).body.media).toHaveLength(1)
    expect((await client.post(`/media/edit/${media.id}`, { name: 'b', tags: [] })).status).toBe(403)

    const withdrawn = carry(server.url, await signToken({ ...CLAIMS, realm: { roles: ['looks'] } }))
    expect((await withdrawn.delete(`/media/delete/${media.id}`)).status).toBe(403)
    expect((await client.delete(`/media/delete/${media.id}`)).status).toBe(200)

    for (const path of ['/auth/login', '/auth/logout']) {
      const answer = await client.post(path, { username: 'admin', password: 'whatever it is' })
      expect(answer).toMatchObject({ status: 404, body: { data: 'Not found', code: 404 } })
    }
    const nobody = new Client(server.url)
    const refused = await nobody.get('/auth/me')
    expect(refused.status).toBe(401)
    expect(refused.body.detail).toContain('https://house.example/sign-in')
    expect((await nobody.get('/auth/sign-in')).body).toEqual({
      external: true,
      url: 'https://house.example/sign-in',
    })
    const { paths } = (await nobody.request<{ paths: object }>('GET', '/openapi.json')).body
    expect(Object.keys(paths).filter((path) => path.startsWith('/auth/'))).toEqual([
      '/auth/sign-in',
      '/auth/me',
    ])

    expect(await server.stop()).toBe(0)
    expect(server.log()).toContain('"user":"vera"')
    for (const secret of [SECRET, ...token.split('.').slice(1)]) {
      expect(server.log()).not.toContain(secret)
    }
  })

  it('rejects Vitrine’s own sessions and tokens, which are valid again with VITRINE_AUTH=own', async () => {
    const own = await start({}, data)
    expect((await new Client(own.url).get('/auth/sign-in')).body).toEqual({
      external: false,
      url: null,
    })
    const { cookie, accessToken } = await signIn(own)
    await own.stop()

    const external = await start(BY_SECRET, data)
    expect(external.log()).toContain('VITRINE_ADMIN_PASSWORD has no effect')
    const client = new Client(external.url)
    expect((await client.get('/media', { headers: { cookie } })).status).toBe(401)
    const authorization = `Bearer ${accessToken}`
    expect((await client.get('/media', { headers: { authorization } })).status).toBe(401)
    const manager = carry(
      external.url,
      await signToken({ ...CLAIMS, permissions: ['manage-accounts'] }),
    )
    expect((await manager.get('/audit')).status).toBe(200)
    for (const path of ['/users', '/users/1/sessions', '/auth/sessions', '/auth/tokens']) {
      expect([path, (await manager.get(path)).status]).toEqual([path, 404])
    }
    const { code, stderr, stdout } = await runCli(data, ['user', 'list'], { settings: BY_SECRET })
    expect({ code, stderr, stdout }).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'VITRINE_AUTH is external: the accounts are kept by the service that issues the tokens.\n',
    })
    await external.stop()

    const again = await start({}, data)
    const back = new Client(again.url)
    back.cookie = cookie
    expect((await back.list()).status).toBe(200)
    // Then a token of the other service is rejected.
    expect((await carry(again.url, await signToken(CLAIMS)).list()).status).toBe(401)
  })

  it('starts and runs without the key server, and needs no restart when it is back', async () => {
    const key = await createKey('RS256', 'one')
    const keyServer = await startKeyServer(key)
    keyServer.behave((response) => response.destroy())
    const server = await start({
      ...PINNED,
      VITRINE_AUTH_JWKS_URL: keyServer.url,
      VITRINE_AUTH_ALGORITHMS: 'RS256',
    })
    await server.logged('The keys at VITRINE_AUTH_JWKS_URL could not be fetched')
    const client = carry(server.url, await key.sign())
    const answer = await client.list()
    expect(answer).toMatchObject({ status: 503, body: { data: 'Service busy', code: 503 } })
    expect(answer.headers.get('retry-after')).toBe('5')
    expect((await client.get('/health/ready')).status).toBe(200)

    keyServer.publish(key)
    await expect
      .poll(async () => (await client.list()).status, { timeout: 30_000, interval: 200 })
      .toBe(200)
  })
})

it('reports all invalid settings at once, without secrets', async () => {
  const settings = {
    VITRINE_AUTH: 'external',
    VITRINE_AUTH_JWKS_URL: 'http://house.example/keys',
    VITRINE_AUTH_SECRET: 'too short s3cr3t',
    VITRINE_AUTH_ALGORITHMS: 'none',
    VITRINE_AUTH_SIGN_IN_URL: 'javascript:alert(1)',
  }
  const { code, stderr } = await runCli(makeDataFolder(), ['serve'], { settings })
  expect(code).toBe(1)
  for (const name of [...Object.keys(settings), 'VITRINE_AUTH_ISSUER', 'VITRINE_AUTH_AUDIENCE']) {
    expect(stderr).toContain(name)
  }
  expect(stderr).not.toContain('s3cr3t')
})
