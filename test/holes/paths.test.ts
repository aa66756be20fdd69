import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createLog } from '../../src/http/operate/logging.ts'
import { pageRoutes } from '../../src/http/page.ts'
import { createServer } from '../../src/http/server.ts'
import { type Client, type Server, signIn, startServer } from '../harness.ts'

let server: Server
let client: Client
beforeAll(async () => {
  server = await startServer({ VITRINE_HOSTS: 'evil.example' })
  client = await signIn(server)
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  expect(await server.stop()).toBe(0)
})

/** Sends the path exactly as written. HTTP clients would normalise it. */
async function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { hostname, port } = new URL(server.url)
  const own = { cookie: client.cookie, ...headers }
  const asked = request({ hostname, port, path, method, headers: own, agent: false }).end()
  const [answer]: IncomingMessage[] = await once(asked, 'response')
  if (!answer) throw new Error(`${path} has no answer.`)
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) }
}

/**
 * Every way to write a parent folder, including those that a check and the file system may read
 * differently.
 */
const UP = [
  '../',
  '..%2f',
  '%2e%2e/',
  '%2e%2e%2f',
  '.%2e/',
  '..%5c',
  '..\\',
  '%2e%2e%5c',
  '%252e%252e%252f',
  '%25%32%65%25%32%65%2f',
  '..%c0%af',
  '..%ef%bc%8f',
  '%e0%80%ae%e0%80%ae/',
  '..;/',
  '....//',
  '..%00/',
  '.%00./',
  '%u002e%u002e/',
  '..%0d%0a/',
  './/../',
]
const PLACES = [
  '/',
  '/assets/',
  '/docs/',
  '/docs/static/',
  '/media/file/',
  '/media/image/1/',
  '/media/original/',
  '/health/',
]
const TARGETS = ['etc/passwd', 'package.json', 'src/main.ts', 'vitrine.db']
/** Texts of these files, which no response may contain. */
const CONTENTS = /root:x?:|"private": true|SQLite format 3|import .* from/

describe('a path that leaves its folder', () => {
  it.each(PLACES)('is not found below %s', async (place) => {
    for (const up of UP) {
      for (const depth of [1, 3, 8]) {
        const path = place + up.repeat(depth) + TARGETS[(depth + up.length) % TARGETS.length]
        const { status, body } = await ask(path)
        expect([path, [400, 404].includes(status)]).toEqual([path, true])
        expect(body).not.toMatch(CONTENTS)
      }
    }
  })

  it('is not found as an absolute path or through the data folder', async () => {
    for (const path of [
      '//etc/passwd',
      '///etc/passwd',
      '/%2fetc%2fpasswd',
      '/file:///etc/passwd',
      `/${server.data}/vitrine.db`,
      `/docs/static/%2f${encodeURIComponent(server.data)}%2fvitrine.db`,
      '/files/originals',
      '/data/vitrine.db',
      '/vitrine.db',
      '/tmp/',
      '/.env',
      '/.git/config',
      '/package.json',
      '/assets',
      '/assets/',
      '/server-status',
      '/debug/pprof',
      '/metrics',
    ]) {
      const { status, body } = await ask(path)
      expect([path, status]).toEqual([path, 404])
      expect(body).not.toMatch(CONTENTS)
    }
  })

  it('does not reach a folder whose name only begins like that of the page', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vitrine-siblings-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    for (const name of ['page/assets', 'page/assets-private', 'page-private/assets']) {
      mkdirSync(join(folder, name), { recursive: true })
      writeFileSync(join(folder, name, 'a.js'), `content of ${name}`)
    }
    writeFileSync(join(folder, 'page/index.html'), 'the page')
    const settings = { hosts: [], trustedProxies: [], metricsToken: undefined, allowedOrigins: [] }
    const app = await createServer(settings, createLog('silent'))
    await app.register(pageRoutes(join(folder, 'page')))
    onTestFinished(() => app.close())
    expect((await app.inject('/assets/a.js')).body).toBe('content of page/assets')
    for (const up of UP) {
      for (const path of [`${up}assets-private/a.js`, `${up}${up}page-private/assets/a.js`]) {
        const { statusCode, body } = await app.inject(`/assets/${path}`)
        expect([path, [400, 404].includes(statusCode), body]).toEqual([
          path,
          true,
          expect.not.stringContaining('content of'),
        ])
      }
    }
    expect((await app.inject('/assets-private/a.js')).statusCode).toBe(404)
  })
})

describe('a redirect', () => {
  it.each([
    '//evil.example',
    '//evil.example/..',
    '//evil.example/%2f..',
    '/%2f%2fevil.example',
    '/\\evil.example',
    '/%5cevil.example',
    '/docs//evil.example',
    '/docs/..//evil.example',
    '//evil.example/docs',
    '/?next=https://evil.example',
    '/docs?url=https://evil.example',
    '/auth/sign-in?return=https://evil.example',
    'http://evil.example/docs',
  ])('never leads to another host: %s', async (path) => {
    const { headers } = await ask(path, {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
    })
    expect(headers.location ?? '/docs').toMatch(/^\/(?![/\\])/)
  })
})

describe('an unneeded method', () => {
  it.each(['TRACE', 'PROPFIND', 'PATCH', 'PUT', 'QUERY'])('%s has no effect', async (method) => {
    const { status, body } = await ask('/media', { 'x-secret': 'echo me' }, method)
    expect(status).toBe(405)
    expect(body).not.toContain('echo me')
  })
})

describe('the OpenAPI document', () => {
  it('reveals nothing about the machine', async () => {
    const { body } = await ask('/openapi.json', { cookie: '' })
    expect(body).toContain('"/media"')
    for (const own of [
      server.data,
      process.cwd(),
      'VITRINE_',
      '127.0.0.1',
      String(server.process.pid),
    ]) {
      expect(body).not.toContain(own)
    }
  })
})
