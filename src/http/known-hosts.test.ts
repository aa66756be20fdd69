import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { FastAnswer } from './answer/fast-path.ts'
import { healthRoutes } from './operate/health.ts'
import type { HttpSettings } from './settings.ts'
import { startServer } from './test-server.ts'

const READY: FastAnswer = { status: 200, headers: [], body: Buffer.from('at once') }

/** A server with a route of each kind, and a function that sends a request for a host. */
async function start(settings: Partial<HttpSettings> = {}, listenOn = '127.0.0.1') {
  const server = await startServer(
    async (app) => {
      await app.register(healthRoutes({}))
      app.get('/usual', { config: { access: 'public' } }, async () => 'usual')
      app.get(
        '/ready',
        { config: { access: 'public', fastPath: () => READY } },
        async () => 'ready',
      )
      const everybodys = { access: 'public', anyHost: true, fastPath: () => READY } as const
      app.get('/image', { config: everybodys }, async () => 'image')
    },
    settings,
    listenOn,
  )
  const ask = (path: string, host: string, headers: Record<string, string> = {}) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      request(`${server.url}${path}`, { headers: { ...headers, host } }, async (answer) => {
        resolve({ status: answer.statusCode, body: await text(answer) })
      })
        .on('error', reject)
        .end()
    })
  return { ...server, ask }
}

const KINDS = ['/usual', '/ready', '/docs', '/openapi.json', '/nothing', '/']

describe('on a loopback address', () => {
  it('an unknown name is refused on every kind of route, and the answer names the settings', async () => {
    const { ask, log } = await start()
    for (const host of [
      'evil.example',
      'evil.example:4545',
      '192.0.2.1',
      'localhost.evil.example',
    ]) {
      for (const path of KINDS) {
        const { status, body } = await ask(path, host)
        expect([host, path, status]).toEqual([host, path, 421])
        expect(JSON.parse(body)).toMatchObject({ data: 'Misdirected request', code: 421 })
        expect(body).toContain(host)
        expect(body).toContain('VITRINE_HOSTS')
        expect(body).toContain('VITRINE_TRUSTED_PROXIES')
      }
    }
    expect(log.map((line) => JSON.parse(line)).filter(({ level }) => level > 30)).toEqual([
      expect.objectContaining({ msg: expect.stringContaining('"evil.example" is not known') }),
    ])
  })

  it('this machine and configured names are answered, whatever the port and the case', async () => {
    const { ask, port } = await start({ hosts: ['media.example', '[fd00::1]'] })
    for (const host of [
      ...['localhost', `localhost:${port}`, 'LOCALHOST', 'localhost.', '127.0.0.1', '127.9.9.9:80'],
      ...[
        '[::1]',
        '[::1]:4545',
        'media.example',
        'Media.Example:443',
        'media.example.',
        '[fd00::1]',
      ],
    ]) {
      expect([host, await ask('/usual', host)]).toEqual([host, { status: 200, body: 'usual' }])
      expect([host, await ask('/ready', host)]).toEqual([host, { status: 200, body: 'at once' }])
    }
    expect((await ask('/usual', 'other.media.example')).status).toBe(421)
  })

  it('health checks and public images are answered under every name', async () => {
    const { ask } = await start()
    expect(await ask('/health/live', 'evil.example')).toMatchObject({ status: 200 })
    expect(await ask('/health/ready', 'evil.example')).toMatchObject({ status: 200 })
    expect(await ask('/image', 'evil.example')).toEqual({ status: 200, body: 'at once' })
    const conditional = { range: 'bytes=0-' }
    expect(await ask('/image', 'evil.example', conditional)).toEqual({ status: 200, body: 'image' })
  })

  it('requests from a trusted proxy are answered under every name, those from other clients are not', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.7' }
    const trusting = await start({ trustedProxies: ['127.0.0.1'] })
    expect((await trusting.ask('/usual', 'evil.example', forwarded)).status).toBe(200)
    expect((await trusting.ask('/ready', 'evil.example', forwarded)).status).toBe(200)
    // A browser on the same machine is not a proxy.
    expect((await trusting.ask('/usual', 'evil.example')).status).toBe(421)
    const other = await start({ trustedProxies: ['10.0.0.0/8'] })
    expect((await other.ask('/usual', 'evil.example', forwarded)).status).toBe(421)
  })
})

it('on an address that other machines can reach, every name is answered', async () => {
  const { ask } = await start({}, '0.0.0.0')
  expect(await ask('/usual', 'media.example')).toEqual({ status: 200, body: 'usual' })
})
