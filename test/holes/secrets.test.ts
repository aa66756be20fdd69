import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { makeHtml, makePng } from '../fixtures.ts'
import {
  type Answer,
  Client,
  makeDataFolder,
  type RequestOptions,
  runCli,
  startServer,
} from '../harness.ts'

const METRICS_TOKEN = 'a-token-for-the-metrics'
const SETTINGS = {
  VITRINE_LOG_LEVEL: 'trace',
  VITRINE_METRICS_TOKEN: METRICS_TOKEN,
  // Without it, a password is generated and written to a file.
  VITRINE_ADMIN_PASSWORD: undefined,
}

/** Records every response. */
class KeepingClient extends Client {
  readonly kept: string[] = []

  override async request<Body>(method: string, path: string, options?: RequestOptions) {
    const answer: Answer<Body> = await super.request(method, path, options)
    // These responses contain a secret by design, once.
    const isSecret = /^\/auth\/(login|me|tokens)$/.test(path) && answer.status === 200
    const headers = [...answer.headers].filter(([name]) => name !== 'set-cookie')
    this.kept.push(JSON.stringify(headers), isSecret ? '' : answer.bytes.toString('latin1'))
    return answer
  }
}

describe('a secret', () => {
  it('is in no log, output, response or URL of a whole run', async () => {
    const server = await startServer(SETTINGS)
    const generated = readFileSync(join(server.data, 'admin-password'), 'utf8').trim()
    const client = new KeepingClient(server.url)
    await client.signIn('admin', generated)
    const chosen = 'chosen-by-the-admin'
    await client.post('/auth/password', { currentPassword: generated, password: chosen })
    await client.signIn('admin', chosen)
    const { secret = '' } = (
      await client.request<{ secret?: string }>('POST', '/auth/tokens', {
        json: { name: 'a script', permissions: ['view-media', 'edit-media'], days: 1 },
      })
    ).body
    const authorization = `Bearer ${secret}`
    const vera = 'the-password-of-vera'
    await client.post('/users', { username: 'vera', password: vera, role: 'viewer' })
    await client.post('/users', { username: 'vera', password: vera, role: 'nobody' })
    await client.post('/users', { username: 5, password: vera, role: 'viewer' })
    await client.post('/auth/login', { username: 'vera', password: `${vera}!` })
    await client.post('/auth/login', { username: 'vera', password: [vera] })
    const { media } = (await client.add('An image', [], await makePng())).body
    await client.add('No image', [], makeHtml())
    for (const path of [
      '/media',
      '/media/tags',
      '/auth/me',
      '/auth/sessions',
      '/auth/tokens',
      '/users',
      '/users/1/sessions',
      '/users/1/tokens',
      '/audit',
      '/openapi.json',
      '/health/ready',
      '/metrics',
      '/none',
      '/%',
      media.urls.high,
      `/media/original/${media.id}`,
    ]) {
      await client.get(path)
      await client.get(path, { headers: { authorization, cookie: '' } })
      await client.get(path, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } })
    }
    await client.get(`/media?search=${secret}&limit=0`)
    await client.get('/media', { headers: { authorization: `${authorization}x` } })
    await client.delete('/auth/tokens/1')
    await client.get('/media', { headers: { authorization } })
    const doctor = await runCli(server.data, ['doctor'], { settings: SETTINGS })
    const users = await runCli(server.data, ['user', 'list'], { settings: SETTINGS })
    const trail = await runCli(server.data, ['audit'], { settings: SETTINGS })
    expect(await server.stop()).toBe(0)

    const database = new DatabaseSync(join(server.data, 'vitrine.db'), { readOnly: true })
    const keys = database.prepare('SELECT name, value FROM secrets').all()
    const hashes = database.prepare('SELECT password_hash AS value FROM users').all()
    database.close()
    expect(keys.length).toBeGreaterThan(1)
    const secrets: Record<string, string> = {
      generated,
      chosen,
      vera,
      token: secret,
      metrics: METRICS_TOKEN,
      cookie: client.cookie.split('=')[1] ?? '',
      signature: client.accessToken.split('.')[2] ?? '',
      ...Object.fromEntries(keys.map(({ name, value }) => [String(name), String(value)])),
      ...Object.fromEntries(hashes.map(({ value }, index) => [`hash ${index}`, String(value)])),
    }
    const places = {
      'the log': server.log(),
      'the output': server.output(),
      'the answers': client.kept.join('\n'),
      'the commands': [doctor, users, trail].map(({ stdout, stderr }) => stdout + stderr).join(),
    }
    expect(places['the log']).toContain('"path":"/users"')
    for (const [name, value] of Object.entries(secrets)) {
      expect([name, value.length > 7]).toEqual([name, true])
      for (const [place, text] of Object.entries(places)) {
        expect(text.includes(value), `${name} is in ${place}`).toBe(false)
      }
    }
  })

  it.each([
    ['of a database', { VITRINE_DATABASE_URL: 'postgres://vitrine:hunter-two@127.0.0.1:1/none' }],
    ['of an invalid database URL', { VITRINE_DATABASE_URL: 'postgres://u:hunter-two@' }],
    [
      'of a bucket',
      {
        VITRINE_STORAGE_URL: 's3://bucket/a?endpoint=http://127.0.0.1:1&region=r',
        AWS_ACCESS_KEY_ID: 'key',
        AWS_SECRET_ACCESS_KEY: 'hunter-two',
      },
    ],
    [
      'of another service',
      { VITRINE_AUTH: 'external', VITRINE_AUTH_SECRET: 'hunter-two', VITRINE_AUTH_ALGORITHMS: 'x' },
    ],
    ['for metrics', { VITRINE_METRICS_TOKEN: 'hunter-two!' }],
    [
      'of the first administrator',
      { VITRINE_ADMIN_PASSWORD: 'hunter-two\u0000', VITRINE_API: 'x' },
    ],
  ])('%s is not shown by a failed start', async (_, settings) => {
    const visible = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, value.replaceAll('\0', '\x01')]),
    )
    const { code, stdout, stderr } = await runCli(makeDataFolder(), ['serve', '--port', '0'], {
      settings: { VITRINE_LOG_LEVEL: 'trace', ...visible },
    })
    expect(code).not.toBe(0)
    expect(stderr).not.toBe('')
    expect(stdout + stderr).not.toContain('hunter-two')
  })
})
