import { describe, expect, it } from 'vitest'
import { makeJpeg } from './fixtures.ts'
import { ADMIN_PASSWORD, Client, runCli, signIn, startServer } from './harness.ts'

describe('the log', () => {
  it('contains no secret and no image, even at the level trace', async () => {
    const metrics = 'a-token-for-the-metrics'
    const settings = { VITRINE_LOG_LEVEL: 'trace', VITRINE_METRICS_TOKEN: metrics }
    const server = await startServer(settings)
    const input = 'the password of vera'
    const added = await runCli(
      server.data,
      ['user', 'add', 'vera', '--role', 'viewer', '--password-stdin'],
      { input, settings },
    )
    const client = await signIn(server)
    const vera = await signIn(server, 'vera', input)
    const wrong = 'a wrong password'
    await expect(signIn(server, 'vera', wrong)).rejects.toThrow('Invalid credentials')

    const image = await makeJpeg()
    const base64 = image.toString('base64')
    const { media } = (await client.add('A name', ['tag'], image)).body
    await client.post('/media/add', { name: 5, tags: [], image: base64 })
    await client.post('/media/add', { name: 'A name', tags: [], image: base64.slice(0, 200) })
    await client.post('/auth/login', { username: 'vera', password: { is: wrong } })
    await client.post(`/media/edit/${media.id}`, { name: 'a hidden name', tags: [] })
    await client.list('?search=a+hidden+search')
    await client.get(media.urls.high)
    await client.get('/metrics', { headers: { authorization: `Bearer ${metrics}` } })
    await client.get('/metrics', { headers: { authorization: `Bearer ${wrong}` } })
    const bearer = new Client(server.url)
    await bearer.get('/media', { headers: { authorization: `Bearer ${client.accessToken}` } })
    await bearer.get('/media', { headers: { authorization: 'Bearer not.a.token' } })
    await client.get('/auth/me')
    const made = await client.request<{ secret: string }>('POST', '/auth/tokens', {
      json: { name: 'A script', permissions: ['view-media'], days: 1 },
    })
    const { secret: personal } = made.body
    const authorization = `Bearer ${personal}`
    await bearer.get('/media', { headers: { authorization } })
    await bearer.get('/users', { headers: { authorization } })
    await bearer.get('/media', { headers: { authorization: `${authorization}x` } })
    const next = 'the next password'
    const passwords = { currentPassword: wrong, password: next }
    await client.post('/auth/password', passwords)
    await client.post('/auth/password', { ...passwords, currentPassword: [wrong] })
    await client.post('/users', { username: 'x y', password: next, role: 'viewer' })
    await client.post('/users/2/password', { password: { is: next } })
    await vera.post('/auth/logout', {})
    await vera.get('/media')
    expect(await server.stop()).toBe(0)

    const log = server.log() + server.output() + added.stdout + added.stderr
    expect(log).toContain('"path":"/media/add"')
    const secrets = {
      ADMIN_PASSWORD,
      input,
      wrong,
      metrics,
      cookie: client.cookie.split('=')[1],
      veraCookie: vera.cookie.split('=')[1],
      signature: client.accessToken.split('.')[2],
      image: base64.slice(40, 80),
      search: 'hidden',
      token: 'not.a.token',
      personal: personal.slice('vitrine_'.length),
      next,
    }
    for (const [name, secret = ''] of Object.entries(secrets)) {
      expect(secret, name).not.toBe('')
      expect(log.includes(secret), `${name} is in the log`).toBe(false)
    }
  })
})
