import { expect, it, onTestFinished } from 'vitest'
import { makePng } from './fixtures.ts'
import { findFreePort } from './free-port.ts'
import { Client, makeDataFolder, type Server, startServer } from './harness.ts'
import { findNginx } from './install-nginx.ts'
import { startNginx } from './nginx.ts'

it.skipIf(!findNginx())(
  'no request fails while instances behind nginx restart one after the other',
  async () => {
    const data = makeDataFolder()
    const start = async (port: number) =>
      startServer({ VITRINE_TRUSTED_PROXIES: '127.0.0.1', VITRINE_PORT: String(port) }, data)
    const servers: Server[] = []
    for (let count = 0; count < 2; count++) servers.push(await start(await findFreePort()))
    const nginx = await startNginx(
      { api: servers, files: servers, delivery: servers },
      await findFreePort(),
    )
    onTestFinished(async () => {
      await nginx.stop()
      await Promise.all(servers.map((server) => server.stop()))
    })
    const client = await new Client(nginx.url).signIn()
    const { media } = (await client.add('One', [], await makePng())).body

    let isOver = false
    const statuses: Record<string, number> = {}
    const keepAsking = async (path: string) => {
      while (!isOver) {
        const { status } = await client.get(path)
        statuses[status] = (statuses[status] ?? 0) + 1
      }
    }
    const asking = [
      '/media?limit=5',
      `/media/item/${media.id}`,
      `/media/image/${media.id}`,
    ].flatMap((path) => [keepAsking(path), keepAsking(path)])
    for (const [index, server] of servers.entries()) {
      expect(await server.stop()).toBe(0)
      servers[index] = await start(Number(new URL(server.url).port))
    }
    isOver = true
    await Promise.all(asking)
    expect(Object.keys(statuses)).toEqual(['200'])

    const { headers } = await client.get('/health/live', { headers: { 'x-request-id': 'mine' } })
    const id = headers.get('x-request-id') ?? ''
    expect(id).toMatch(/^[\da-f]{32}$/)
    await Promise.any(servers.map((server) => server.logged(`"requestId":"${id}"`)))
  },
)
