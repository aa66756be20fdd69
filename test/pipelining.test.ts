import { expect, it, onTestFinished } from 'vitest'
import { withoutProc } from './soak/part.ts'
import { startFlood } from './soak/pipelined.ts'

it.skipIf(withoutProc() !== undefined)(
  'clients that send thousands of requests and read nothing hold at most one file each, and delay no other client',
  async () => {
    const { server, routes, send, end } = await startFlood({ VITRINE_DELIVERY: 'private' })
    onTestFinished(() => server.kill())
    expect(routes).toHaveLength(9)
    await send('/', 4, 2000)
    for (const { path } of routes) await send(path, 4, 65)
    expect(await end()).toBe(0)
  },
)
