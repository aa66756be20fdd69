import { expect, it, onTestFinished } from 'vitest'
import { withoutProc } from './soak/part.ts'
import { startFlood } from './soak/pipelined.ts'

it.skipIf(withoutProc() !== undefined)(
  'clients that send requests by the thousand and read nothing hold one file each at most, and hold nobody up',
  async () => {
    const { server, routes, send, end } = await startFlood({ VITRINE_DELIVERY: 'private' })
    onTestFinished(() => server.kill())
    expect(routes).toHaveLength(9)
    await send('/', 4, 2000)
    for (const { path } of routes) await send(path, 4, 65)
    expect(await end()).toBe(0)
  },
)
