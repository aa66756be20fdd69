import { expect } from 'vitest'
import { type Ledger, openLedger } from '../ledger.ts'
import { canInject, type Injection, inject, THREADS } from '../strace.ts'
import { type MortalServer, openMortalServer } from './mortal-server.ts'
import { type Row, summarize, type Times } from './part.ts'

/** The calls that write to disk. A `stride` above 1 tests only every nth call, where there are many. */
const CALLS = [
  { call: 'fsync', stride: 1 },
  { call: 'fdatasync', stride: 1 },
  { call: 'rename', stride: 1 },
  { call: 'unlink', stride: 1 },
  { call: 'mkdir', stride: 1 },
  { call: 'rmdir', stride: 1 },
  { call: 'copy_file_range', stride: 1 },
  { call: 'pwrite64', stride: 7 },
] as const

/**
 * After an injected error the server keeps running. After this many errors it is killed and started again.
 */
const RESTARTED_EVERY = 5

const ACTS = ['add', 'delete'] as const
type ActName = (typeof ACTS)[number]

export const missing = () =>
  canInject ? undefined : 'it needs root, and strace (apt-get install strace)'

/** Kills the server at each of these calls of an add and of a delete, then makes each of them fail. */
export async function* rows(times: Times): AsyncGenerator<Row> {
  for (const act of ACTS) yield await strike(act, 'signal=KILL', 'the server is killed', times)
  for (const act of ACTS) yield await strike(act, 'error=EIO', 'the disk fails (EIO)', times)
  for (const act of ACTS) yield await strike(act, 'error=ENOSPC', 'the disk is full', times)
}

async function strike(act: ActName, action: string, what: string, times: Times): Promise<Row> {
  const ledger = openLedger()
  const mortal = await openMortalServer({ UV_THREADPOOL_SIZE: '1' })
  const most = times(1000)
  let count = 0
  for (const thread of THREADS) {
    for (const { call, stride } of CALLS) {
      for (let when = 1; count < most; when += stride) {
        const injection = { thread, call, action, when: String(when) }
        if (!(await hit(mortal, ledger, act, injection))) break
        count += 1
        if (action.startsWith('error') && count % RESTARTED_EVERY === 0) {
          await mortal.kill()
          await mortal.start()
          await ledger.check(mortal.client)
          await mortal.expectAccounted()
        }
      }
    }
  }
  // The start after a kill removes temporary files that could not be removed before.
  await mortal.kill()
  await mortal.start()
  await mortal.expectSwept()
  await mortal.examine()
  await mortal.stop()
  console.log(`  requests by answer: ${ledger.describe()}`)
  return {
    fault: `${what} in ${act === 'add' ? 'an add' : 'a delete'}`,
    injected: `strace, at every call that changes the disk (${CALLS.map(({ call }) => call).join(', ')})`,
    times: count,
    lost: 'nothing',
    recovery: summarize(mortal.recoveries),
  }
}

/** @returns whether the request reached that call */
async function hit(
  mortal: MortalServer,
  ledger: Ledger,
  act: ActName,
  injection: Injection,
): Promise<boolean> {
  const isKill = injection.action.startsWith('signal')
  const { client } = mortal
  if (act === 'delete' || ledger.size === 0) expect((await ledger.add(client))?.status).toBe(200)
  const injected = await inject(mortal.pid, injection)
  const id = ledger.pick() ?? 0
  const answer = await (act === 'add' ? ledger.add(client) : ledger.remove(client, id))
  // Work after the response belongs to the request.
  if (answer) await mortal.awaitStruckOff()
  const wasInjected = await injected.end()
  // The server may die before strace reports it.
  const isHit = wasInjected || (isKill && answer === undefined)
  if (!isKill) {
    expect([200, 500]).toContain(answer?.status)
    // The server keeps running, and the refused request left nothing visible.
    await ledger.check(client)
    expect((await ledger.add(client))?.status).toBe(200)
    // A later sweep removes the files that the disk refused to remove.
    await mortal.expectAccounted()
  } else if (isHit) {
    await mortal.kill()
    await mortal.revive(ledger)
  }
  return isHit
}
