import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { expect, it } from 'vitest'
import { Client, signIn, startServer } from './harness.ts'
import { locateDatabase } from './postgres.ts'

const LONG_AGO = 'UPDATE sessions SET last_used_at = last_used_at - 700000'
const TOKENS_LONG_AGO = 'UPDATE refresh_tokens SET issued_at = issued_at - 700000'

/** Ages every session and token of the library by more than ten minutes. */
async function age(data: string): Promise<void> {
  const location = await locateDatabase(data)
  if (typeof location === 'string') {
    const database = new DatabaseSync(location)
    database.exec(`${LONG_AGO}; ${TOKENS_LONG_AGO}`)
    database.close()
    return
  }
  const client = new pg.Client(location.url)
  await client.connect()
  await client.query(`${LONG_AGO}; ${TOKENS_LONG_AGO}`)
  await client.end()
}

/** Locks the database against writes, from another process. */
async function lock(data: string): Promise<() => Promise<unknown>> {
  const location = await locateDatabase(data)
  if (typeof location !== 'string') {
    const client = new pg.Client(location.url)
    await client.connect()
    await client.query('BEGIN; SELECT * FROM sessions FOR UPDATE')
    await client.query('SELECT pg_advisory_xact_lock(1449751666)')
    return () => client.end()
  }
  const script = `
    const { DatabaseSync } = require('node:sqlite')
    new DatabaseSync(${JSON.stringify(join(data, 'vitrine.db'))}).exec('BEGIN IMMEDIATE')
    console.log('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return async () => {
    child.kill()
    await once(child, 'exit')
  }
}

it('reads are answered while another process locks the database, and their last use is recorded later', async () => {
  const started = Date.now()
  const server = await startServer()
  const client = await signIn(server)
  const made = await client.request<{ secret: string }>('POST', '/auth/tokens', {
    json: {
      name: 't',
      permissions: ['view-media'],
      days: 1,
    },
  })
  const authorization = `Bearer ${made.body.secret}`
  await age(server.data)
  const unlock = await lock(server.data)

  // The write waits until the lock is released. Responses that arrive before it did not wait.
  const order: string[] = []
  const write = client
    .post('/auth/tokens', { name: 'u', permissions: ['view-media'], days: 1 })
    .then(({ status }) => order.push(`write ${status}`))
  const stranger = new Client(server.url)
  const anonymous = () => stranger.request('GET', '/media', { headers: { authorization } })
  for (let round = 0; round < 3; round++) {
    for (const url of ['/media', '/media/tags', '/auth/me', '/auth/sessions']) {
      expect.soft((await client.get(url)).status, url).toBe(200)
    }
    expect((await anonymous()).status).toBe(200)
    const refused = await stranger.request('POST', '/auth/logout', { headers: { authorization } })
    expect(refused.status).toBe(401)
    const forbidden = await stranger.request('GET', '/users', { headers: { authorization } })
    expect(forbidden.status).toBe(403)
  }
  order.push('reads')
  await unlock()
  await write
  expect(order[0]).toBe('reads')

  const lastUsed = async () =>
    (await client.request<{ sessions: [{ lastUsed: string }] }>('GET', '/auth/sessions')).body
      .sessions[0].lastUsed
  await expect
    .poll(async () => Date.parse(await lastUsed()), { timeout: 20_000 })
    .toBeGreaterThanOrEqual(started - 60_000)
  const lines = server.log().split('\n')
  expect(lines.filter((line) => line.includes('cannot be recorded')).length).toBeLessThanOrEqual(2)
  expect(await server.stop()).toBe(0)
})
