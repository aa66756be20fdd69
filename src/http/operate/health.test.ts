import { describe, expect, it } from 'vitest'
import { startServer } from '../test-server.ts'
import { healthRoutes } from './health.ts'

const start = (checks: Record<string, () => Promise<unknown>>) =>
  startServer(async (app) => {
    await app.register(healthRoutes(checks))
  })

describe('health', () => {
  it('is live and ready', async () => {
    const { url } = await start({ database: async () => {}, storage: async () => {} })
    const live = await fetch(`${url}/health/live`)
    expect(live.headers.get('cache-control')).toBe('no-store')
    expect(await live.json()).toEqual({ status: 'live' })
    const ready = await fetch(`${url}/health/ready`)
    expect(ready.headers.get('cache-control')).toBe('no-store')
    expect(await ready.json()).toEqual({ status: 'ready', checks: ['database', 'storage'] })
  })

  it('names the check that fails; only the log says why', async () => {
    const { url, logged } = await start({
      database: async () => {},
      storage: () => Promise.reject(new Error('no such folder: /secret')),
    })
    const response = await fetch(`${url}/health/ready`)
    expect(response.status).toBe(503)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toEqual({
      data: 'Service unavailable',
      code: 503,
      error: 'not-ready',
      detail: 'Not answering: storage.',
    })
    expect(await logged(({ level }) => level === 50)).toMatchObject({
      check: 'storage',
      err: { message: 'no such folder: /secret' },
    })
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
  })

  it('is checked once for all requests at the same time', async () => {
    let checked = 0
    const begun = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const { url, app } = await start({
      database: () => {
        checked++
        begun.resolve()
        return goOn.promise
      },
    })
    let asked = 0
    const all = new Promise<void>((resolve) => {
      app.server.on('request', () => {
        if (++asked === 5) setImmediate(resolve)
      })
    })
    const answers = Array.from({ length: 5 }, () => fetch(`${url}/health/ready`))
    await begun.promise
    await all
    goOn.resolve()
    for (const answer of answers) expect((await answer).status).toBe(200)
    expect(checked).toBe(1)
  })
})
