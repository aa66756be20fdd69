import { describe, expect, it } from 'vitest'
import { startServer } from './test-server.ts'

const metricsToken = 'a-token-of-enough-letters'

const start = (token: string | undefined) =>
  startServer(
    (app) => {
      app.get('/things/:id', { config: { access: 'public' } }, async () => 'thing')
    },
    { metricsToken: token },
  )

describe('metrics', () => {
  it('are off by default', async () => {
    const { url } = await start(undefined)
    const headers = { authorization: 'Bearer undefined' }
    expect((await fetch(`${url}/metrics`, { headers })).status).toBe(404)
  })

  it.for([undefined, '', 'Bearer', 'Bearer x', `Basic ${metricsToken}`, `Bearer ${metricsToken}x`])(
    'are not for the bearer of %j',
    async (authorization) => {
      const { url } = await start(metricsToken)
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const response = await fetch(`${url}/metrics`, { headers })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      expect(await response.json()).toMatchObject({ data: 'Unauthorized', code: 401 })
    },
  )

  it('tell of the process, and of requests by route, method and status', async () => {
    const { url } = await start(metricsToken)
    for (const path of ['/things/1', '/things/2', '/secret-path'])
      await (await fetch(url + path)).text()
    await fetch(`${url}/things/3`, { method: 'HEAD' })
    const headers = { authorization: `Bearer ${metricsToken}` }
    const response = await fetch(`${url}/metrics`, { headers })
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=/)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const text = await response.text()
    const count = 'http_request_duration_seconds_count'
    expect(text).toContain(`${count}{method="GET",route="/things/:id",status="200"} 2\n`)
    expect(text).toContain(`${count}{method="HEAD",route="/things/:id",status="200"} 1\n`)
    expect(text).toContain(`${count}{method="GET",route="none",status="404"} 1\n`)
    expect(text).toContain('process_resident_memory_bytes')
    expect(text).not.toContain('secret-path')
    expect(text).not.toContain(metricsToken)
  })
})
