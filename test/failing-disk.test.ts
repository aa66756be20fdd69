import { expect, it, onTestFinished } from 'vitest'
import { expectConsistent } from './consistency.ts'
import { Client, type Server, signIn, startServer } from './harness.ts'
import { openLedger } from './ledger.ts'
import { canInject, type Injection, inject } from './strace.ts'

const FAILING = /^The disk of the server fails\. The log of the server says why/

// `npm run soak -- calls` has every call fail. This test has one call of each kind fail.
it.skipIf(!canInject)(
  'a change that fails on a failing disk is reported and leaves no trace (root and strace only)',
  async () => {
    const settings = { UV_THREADPOOL_SIZE: '1' }
    let server: Server = await startServer(settings)
    onTestFinished(() => server.kill())
    let client = await signIn(server)
    const { cookie } = client
    const ledger = openLedger()
    const addDuring = async (injection: Omit<Injection, 'action'>) => {
      const { pid } = server.process
      if (pid === undefined) throw new Error('There is no process.')
      const injected = await inject(pid, { ...injection, action: 'error=EIO' })
      const answer = await ledger.add(client)
      expect(await injected.end()).toBe(true)
      await ledger.check(client)
      return answer
    }
    expect((await ledger.add(client))?.status).toBe(200)

    for (const injection of [
      { thread: 'libuv-worker', call: 'fsync', when: '4+' },
      { thread: 'libuv-worker', call: 'rename', when: '1' },
      // The commit that makes the item. Everything is written by then.
      { thread: 'main', call: 'fsync', when: '2+' },
    ] as const) {
      const answer = await addDuring(injection)
      expect(answer?.status).toBe(500)
      expect(answer?.body.detail).toMatch(FAILING)
    }
    // If a temporary file cannot be removed, the item is still added.
    const answer = await addDuring({ thread: 'libuv-worker', call: 'unlink', when: '1+' })
    expect(answer?.status).toBe(200)

    // The write-ahead log does not bring back a failed change.
    await server.kill()
    server = await startServer(settings, server.data)
    client = new Client(server.url)
    client.cookie = cookie
    await ledger.check(client)
    await expectConsistent(server.data)
  },
)
