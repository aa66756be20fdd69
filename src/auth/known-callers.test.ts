import fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import type { Database } from '../database/database.ts'
import { countVersion } from '../media/library.ts'
import { createKnownCallers } from './known-callers.ts'

const HOUR = 60 * 60_000

/** A route that answers whether the caller is known. The value of the cookie is its `reusableUntil`. */
async function openApp(database: Database, work = async () => {}) {
  const callers = createKnownCallers(database)
  const app = fastify()
  onTestFinished(() => app.close())
  app.decorateRequest('user', null)
  app.get('/', { config: { access: 'public' } }, async (request) => {
    const known = callers.recall(request.raw, database.changeToken())
    await work()
    const reusableUntil = Number(request.headers.cookie ?? 0)
    request.user = {
      id: 1,
      username: 'a',
      roles: [],
      permissions: [],
      sessionId: 's',
      reusableUntil,
    }
    callers.remember(request)
    return known?.username ?? 'unknown'
  })
  return async (headers: Record<string, string>) => (await app.inject({ url: '/', headers })).body
}

const later = () => String(Date.now() + HOUR)

describe('a caller', () => {
  it('is known by the same cookies, and not by others or with a token', async () => {
    const ask = await openApp(await openTemporaryDatabase())
    const cookie = later()
    expect(await ask({ cookie })).toBe('unknown')
    expect(await ask({ cookie })).toBe('a')
    expect(await ask({ cookie: `${cookie}0` })).toBe('unknown')
    expect(await ask({ cookie, authorization: 'Bearer x' })).toBe('unknown')
    expect(await ask({})).toBe('unknown')
    expect(await ask({})).toBe('unknown')
  })

  it('is no longer known after `reusableUntil`', async () => {
    const ask = await openApp(await openTemporaryDatabase())
    const cookie = String(Date.now() - 1)
    await ask({ cookie })
    expect(await ask({ cookie })).toBe('unknown')
  })

  it('is no longer known after any write', async () => {
    const database = await openTemporaryDatabase()
    const ask = await openApp(database)
    const cookie = later()
    await ask({ cookie })
    await database.write(countVersion)
    expect(await ask({ cookie })).toBe('unknown')
    expect(await ask({ cookie })).toBe('a')
  })

  it('is not remembered if a write happens while it is identified', async () => {
    const database = await openTemporaryDatabase()
    let turn = 0
    const ask = await openApp(database, async () => {
      turn += 1
      if (turn === 1) await database.write(countVersion)
    })
    const cookie = later()
    await ask({ cookie })
    expect(await ask({ cookie })).toBe('unknown')
    expect(await ask({ cookie })).toBe('a')
  })
})
