import { rmSync } from 'node:fs'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { pino } from 'pino'
import { createApp, openLibrary } from '../../src/app.ts'
import { createUser } from '../../src/auth/accounts/accounts.ts'
import { readConfig } from '../../src/config.ts'
import { ADMIN_PASSWORD, makeDataFolder } from '../harness.ts'
import type { Row } from './part.ts'

const LENGTH = 100_000
/** Limit of processor time, which does not depend on other programs. */
const MOST_MS = 50
/**
 * The fastest attempt counts. The first ones include compilation and garbage collection of earlier work.
 */
const ATTEMPTS = 5

/** Parts of texts that cause backtracking. */
const ADVERSARIAL = [
  ' ',
  'a',
  '=',
  ';',
  '; ',
  ';a=b',
  '\\"',
  'a="',
  ',',
  'a, ',
  '%61',
  '/',
  '../',
  '-',
  '1',
  'W/"a", ',
  ':',
  '[a]',
  'a.',
  'a*0=b;',
  '1.2.3.4, ',
  '@',
  '\\',
  '\u00e9',
  'a b ',
  'data:',
  '{"a":',
]
/** Prefixes, for parsers that only read what follows them. */
const BEGINNINGS = [
  '',
  '"',
  'bytes=',
  'Bearer ',
  'application/json;',
  'multipart/form-data; boundary=',
  'https://',
  'data:image/png',
]
const HEADERS = [
  'content-type',
  'cookie',
  'authorization',
  'origin',
  'range',
  'if-none-match',
  'if-match',
  'if-range',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'host',
  'accept-encoding',
  'user-agent',
  'sec-fetch-site',
]

/**
 * Sends 100 KB of text that is hard to match to every place that reads a client's text. Requests are
 * injected, because over a connection headers are limited to 16 KiB.
 */
export async function* rows(): AsyncGenerator<Row> {
  const data = makeDataFolder()
  const log = pino({ level: 'silent' })
  const config = readConfig({
    VITRINE_DATA: data,
    VITRINE_ADMIN_PASSWORD: ADMIN_PASSWORD,
    VITRINE_TRUSTED_PROXIES: '127.0.0.1',
    VITRINE_ALLOWED_ORIGINS: 'https://a.example',
  })
  const library = await openLibrary(config, log)
  const app = await createApp(config, library, log)
  try {
    await createUser(library.database, {
      username: 'admin',
      password: ADMIN_PASSWORD,
      role: 'admin',
    })
    const cookie = await signIn(app)
    const texts = BEGINNINGS.flatMap((beginning) =>
      ADVERSARIAL.map((part) => `${beginning}${part.repeat(LENGTH / part.length)}x`),
    )
    for (const [place, requests] of Object.entries(places(texts, cookie))) {
      const slowest = { ms: 0, what: '' }
      for (const request of requests) {
        const ms = await measure(app, request)
        if (ms > slowest.ms)
          Object.assign(slowest, { ms, what: JSON.stringify(request).slice(0, 200) })
      }
      if (slowest.ms > MOST_MS) throw new Error(`${slowest.ms} ms for ${slowest.what}`)
      yield {
        fault: `text that is hard to match, as ${place}`,
        injected: `${LENGTH / 1000} KB`,
        times: requests.length,
        lost: 'nothing',
        recovery: `at most ${slowest.ms.toFixed(1)} ms of processor time`,
      }
    }
  } finally {
    await app.close()
    await library.close()
    rmSync(data, { recursive: true })
  }
}

function places(texts: readonly string[], cookie: string): Record<string, InjectOptions[]> {
  const own = { cookie }
  const inHeaders = (request: InjectOptions) =>
    HEADERS.flatMap((name) =>
      texts.map((text) => ({
        ...request,
        headers: { ...own, 'content-type': 'application/json', [name]: text },
      })),
    )
  const inPath = (path: string) =>
    texts.map((text) => ({
      method: 'GET' as const,
      url: path + encodeURI(text),
      headers: own,
    }))
  const inBody = (url: string, make: (text: string) => object) =>
    texts.map((text) => ({ method: 'POST' as const, url, payload: make(text), headers: own }))
  return {
    'a header of a list': inHeaders({ method: 'GET', url: '/media?limit=1' }),
    'a header of an image': inHeaders({ method: 'GET', url: '/media/image/1' }),
    'a header of a change': inHeaders({ method: 'POST', url: '/media/edit/1', payload: '{}' }),
    'a path or query': ['/', '/media?', '/media?search=', '/media/image/', '/media/file/'].flatMap(
      inPath,
    ),
    'a name and tags': inBody('/media/edit/1', (text) => ({ name: text, tags: [text] })),
    'a search in a body': inBody('/media/bulk/tags', (text) => ({
      search: text,
      until: 1,
      add: ['a'],
    })),
    'an image in base64': inBody('/media/add', (text) => ({ name: 'a', tags: 'a', image: text })),
  }
}

async function signIn(app: FastifyInstance): Promise<string> {
  const payload = { username: 'admin', password: ADMIN_PASSWORD }
  const { cookies } = await app.inject({ method: 'POST', url: '/auth/login', payload })
  return `refreshToken=${cookies[0]?.value ?? ''}`
}

/** Milliseconds of processor time. Only slow requests are repeated. */
async function measure(app: FastifyInstance, request: InjectOptions): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY
  for (let left = ATTEMPTS; left > 0 && fastest > MOST_MS / 5; left--) {
    const before = process.cpuUsage()
    await app.inject(request)
    const { user, system } = process.cpuUsage(before)
    fastest = Math.min(fastest, (user + system) / 1000)
  }
  return fastest
}
