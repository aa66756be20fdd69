import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../base/errors.ts'
import { connectTo, startServer } from '../test-server.ts'

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
    'are refused to a request with the authorization %j',
    async (authorization) => {
      const { url } = await start(metricsToken)
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const response = await fetch(`${url}/metrics`, { headers })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      expect(await response.json()).toMatchObject({ data: 'Unauthorized', code: 401 })
    },
  )

  it('describe the process, and requests by route, method and status', async () => {
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

  it('distinguish refusals, faults and clients that left', async () => {
    const { url, port } = await startServer(
      (app) => {
        const config = { access: 'public' } as const
        const ends: Record<string, () => unknown> = {
          '/ok': () => 'well',
          '/refused': () => {
            throw new AppError('no', 403, 'No')
          },
          '/image-refused': () => {
            throw new AppError('image-refused', 500, 'No image')
          },
          '/busy': () => {
            throw new AppError('busy', 503, 'Service busy')
          },
          '/broken': () => {
            throw new Error('broken')
          },
          '/cut-off': () =>
            Readable.from(
              (async function* () {
                yield 'the first half'
                await turn()
                throw new Error('broken midway')
              })(),
            ),
        }
        for (const [path, end] of Object.entries(ends)) app.get(path, { config }, async () => end())
        app.get('/left', { config }, () => new Promise(() => {}))
        const ready = { status: 200, headers: [], body: Buffer.from('at once') } as const
        app.get('/at-once', { config: { ...config, fastPath: () => ready } }, async () => 'at once')
      },
      { metricsToken },
    )
    const paths = ['ok', 'refused', 'image-refused', 'busy', 'broken', 'cut-off', 'at-once', 'none']
    for (const path of paths) {
      await fetch(`${url}/${path}`).then((answer) => answer.text().catch(() => {}))
    }
    const bad = await connectTo(port)
    await bad.send('GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    await bad.closed()
    const leaver = await connectTo(port)
    await leaver.send('GET /left HTTP/1.1\r\nhost: localhost\r\n\r\n')
    leaver.socket.end()
    leaver.socket.destroy()
    await expect
      .poll(() => seriesOf(url, 'vitrine_answers_total'))
      .toMatchObject({
        'route="/ok",result="ok"': 1,
        'route="/at-once",result="ok"': 1,
        'route="/refused",result="refused"': 1,
        'route="/image-refused",result="refused"': 1,
        'route="/busy",result="unavailable"': 1,
        'route="/broken",result="fault"': 1,
        'route="/cut-off",result="fault"': 1,
        'route="/left",result="aborted"': 1,
        'route="none",result="refused"': 2,
      })
  })

  it('include the time that a request waits behind others on its connection', async () => {
    const gate = Promise.withResolvers<string>()
    const { url, port } = await startServer(
      (app) => {
        const config = { access: 'public' } as const
        app.get('/slow', { config }, () => gate.promise)
        app.get('/behind', { config }, async () => 'quick')
        app.get('/between', { config }, async () => 'between')
      },
      { metricsToken },
    )
    const client = await connectTo(port)
    const ask = (path: string) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`
    await client.send(ask('/slow') + ask('/behind'))
    for (let count = 0; count < 10; count++) await fetch(`${url}/between`)
    gate.resolve('done')
    await client.receive((received) => received.endsWith('quick'))
    const seconds = (route: string) => `method="GET",route="${route}",status="200"`
    await expect
      .poll(async () => {
        const sums = await seriesOf(url, 'http_request_duration_seconds_sum')
        return (sums[seconds('/behind')] ?? 0) > (sums[seconds('/slow')] ?? 0) / 2
      })
      .toBe(true)
  })
})

/** The values of a metric by their labels. */
async function seriesOf(url: string, name: string): Promise<Record<string, number>> {
  const headers = { authorization: `Bearer ${metricsToken}` }
  const text = await (await fetch(`${url}/metrics`, { headers })).text()
  const lines = text.matchAll(new RegExp(`^${name}\\{(.*)\\} (.*)$`, 'gm'))
  return Object.fromEntries([...lines].map(([, labels, value]) => [labels, Number(value)]))
}
