import { closeSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { signIn, startServer } from '../harness.ts'
import { openLedger, startLoad } from '../ledger.ts'
import { canMount, mountSmallDisk, run } from '../mounts.ts'
import { type MortalServer, openMortalServer } from './mortal-server.ts'
import { type Row, summarize, type Times, withoutRoot } from './part.ts'

const MEBIBYTES = 16
const MOST_ANSWERS = 20

export const missing = () => withoutRoot() ?? (canMount ? undefined : 'nothing can be mounted here')

/**
 * Tests a full disk, a limit on file sizes, a locked database, a read-only disk, and a full disk of the
 * log.
 */
export async function* rows(times: Times): AsyncGenerator<Row> {
  yield await fillUp(times(30))
  yield await limitFiles(times(20))
  yield await lockDatabase(times(5))
  yield await startReadOnly(times(5))
  yield await fillLog(times(20))
}

async function fillUp(rounds: number): Promise<Row> {
  const disk = mountSmallDisk(MEBIBYTES)
  const ledger = openLedger()
  const mortal = await openMortalServer({ VITRINE_LOG_LEVEL: 'silent' }, disk.data)
  const recoveries: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const load = startLoad(mortal.client, ledger)
    await load.answered(Math.floor(Math.random() * MOST_ANSWERS))
    const database = new DatabaseSync(join(mortal.data, 'vitrine.db'), { timeout: 10_000 })
    ageSessions(database)
    database.close()
    disk.fill()
    await load.answered(MOST_ANSWERS)
    if (round % 3 === 0) {
      // Killed while the disk is full, and started on the full disk.
      await mortal.kill()
      await load.ended
      disk.fill()
      await mortal.start()
    } else await load.stop()
    // Everything can be read while nothing can be stored.
    await ledger.check(mortal.client)
    disk.fill()
    expect((await ledger.add(mortal.client))?.status).toBe(500)
    disk.empty()
    const before = performance.now()
    expect((await ledger.add(mortal.client))?.status).toBe(200)
    recoveries.push(performance.now() - before)
    await mortal.expectAccounted()
  }
  await end(mortal)
  disk.unmount()
  console.log(`  requests by answer: ${ledger.describe()}`)
  return {
    fault:
      'the disk fills up under load, every third time with a kill and a start while it is full',
    injected: `a tmpfs of ${MEBIBYTES} MiB and a file that takes the rest of it`,
    times: rounds,
    lost: 'nothing; lists, searches and images went on',
    recovery: `until an add is answered 200, without a restart: ${summarize(recoveries)}`,
  }
}

async function limitFiles(rounds: number): Promise<Row> {
  const ledger = openLedger()
  const mortal = await openMortalServer({ VITRINE_LOG_LEVEL: 'silent' })
  const recoveries: number[] = []
  const limit = (bytes: number | 'unlimited') =>
    run('prlimit', '--pid', String(mortal.pid), `--fsize=${bytes}:`)
  for (let round = 1; round <= rounds; round++) {
    const load = startLoad(mortal.client, ledger)
    await load.answered(Math.floor(Math.random() * MOST_ANSWERS))
    // Alternates: too little for the database, and too little for an image.
    limit(round % 2 === 0 ? statSync(join(mortal.data, 'vitrine.db-wal')).size : 300)
    await load.answered(MOST_ANSWERS)
    await load.stop()
    await ledger.check(mortal.client)
    limit('unlimited')
    const before = performance.now()
    expect((await ledger.add(mortal.client))?.status).toBe(200)
    recoveries.push(performance.now() - before)
    await mortal.expectAccounted()
  }
  await end(mortal)
  console.log(`  requests by answer: ${ledger.describe()}`)
  return {
    fault: 'files may not grow any further',
    injected: 'RLIMIT_FSIZE of the running server, below what the database or an image needs',
    times: rounds,
    lost: 'nothing; lists, searches and images went on',
    recovery: `until an add is answered 200, without a restart: ${summarize(recoveries)}`,
  }
}

/** Ages the sessions as if the last request was two minutes ago. */
const ageSessions = (database: DatabaseSync) =>
  database.exec('UPDATE sessions SET last_used_at = last_used_at - 120000')

/** Longer than the server waits for the lock. */
const LOCK_MS = 12_000

async function lockDatabase(rounds: number): Promise<Row> {
  const ledger = openLedger()
  const mortal = await openMortalServer()
  const recoveries: number[] = []
  let longest = 0
  for (let round = 1; round <= rounds; round++) {
    const id = (await ledger.add(mortal.client))?.body.media.id ?? 0
    const other = new DatabaseSync(join(mortal.data, 'vitrine.db'))
    // A request also records the use of its session. That must not make it wait.
    ageSessions(other)
    other.exec('BEGIN IMMEDIATE')
    const asked = performance.now()
    const refused = Promise.all([ledger.add(mortal.client), ledger.edit(mortal.client, id)])
    for (const answer of await Promise.all([
      mortal.client.list('?search=item'),
      mortal.client.get(`/media/original/${id}`),
      mortal.client.get(`/media/image/${id}`),
    ])) {
      expect(answer.status).toBe(200)
    }
    expect((await mortal.client.get('/auth/me')).status).toBe(200)
    longest = Math.max(longest, performance.now() - asked)
    await sleep(LOCK_MS)
    for (const answer of await refused) {
      expect(answer?.status).toBe(503)
      expect(answer?.headers.get('retry-after')).toBe('5')
    }
    other.exec('ROLLBACK')
    other.close()
    const before = performance.now()
    expect((await ledger.edit(mortal.client, id))?.status).toBe(200)
    recoveries.push(performance.now() - before)
    await ledger.check(mortal.client)
  }
  await end(mortal)
  return {
    fault: 'another process locks the database for 12 s',
    injected: 'BEGIN IMMEDIATE on a connection of its own',
    times: rounds,
    lost: `nothing; reads went on, all within ${Math.ceil(longest)} ms, writes were answered 503 with Retry-After after 10 s`,
    recovery: `until a write is answered 200, without a restart: ${summarize(recoveries)}`,
  }
}

async function startReadOnly(rounds: number): Promise<Row> {
  const disk = mountSmallDisk(MEBIBYTES)
  const ledger = openLedger()
  const mortal = await openMortalServer({}, disk.data)
  await ledger.add(mortal.client)
  for (let round = 0; round < 2 * rounds; round++) {
    await (round % 2 === 0 ? mortal.kill() : mortal.stop())
    disk.remount('ro')
    await mortal.start()
    await ledger.check(mortal.client)
    expect((await mortal.client.list('?search=item')).status).toBe(200)
    const refused = [
      await ledger.add(mortal.client),
      await ledger.edit(mortal.client, ledger.pick() ?? 0),
    ]
    expect(refused.map((answer) => answer?.status)).toEqual([500, 500])
    expect((await mortal.client.get('/health/ready')).status).toBe(503)
    await mortal.stop()
    disk.remount('rw')
    await mortal.revive(ledger)
  }
  await end(mortal)
  disk.unmount()
  return {
    fault: 'the data folder cannot be written when the server starts',
    injected: 'mounted read-only, after a kill and after a stop in turns',
    times: 2 * rounds,
    lost: 'nothing; what there is was shown, changes were answered 500',
    recovery: summarize(mortal.recoveries),
  }
}

/** The log is on a disk of its own. When that is full, the library must not be affected. */
async function fillLog(rounds: number): Promise<Row> {
  const disk = mountSmallDisk(MEBIBYTES)
  const path = join(disk.data, 'log')
  const file = openSync(path, 'a')
  const server = await startServer({}, undefined, file)
  const client = await signIn(server)
  const ledger = openLedger()
  const recoveries: number[] = []
  for (let round = 1; round <= rounds; round++) {
    disk.fill()
    const load = startLoad(client, ledger)
    await load.answered(MOST_ANSWERS)
    await load.stop()
    await ledger.check(client)
    expect((await ledger.add(client))?.status).toBe(200)
    const full = statSync(path).size
    disk.empty()
    const before = performance.now()
    while (statSync(path).size === full) await sleep(20)
    recoveries.push(performance.now() - before)
  }
  expect(await server.stop()).toBe(0)
  closeSync(file)
  disk.unmount()
  return {
    fault: 'the disk of the log is full',
    injected: `standard error to a file on a tmpfs of ${MEBIBYTES} MiB that something else fills`,
    times: rounds,
    lost: 'nothing; every request was answered as without',
    recovery: `until lines are written again: ${summarize(recoveries)}`,
  }
}

/** After a restart, nothing of the failed requests may be left. */
async function end(mortal: MortalServer) {
  await mortal.stop()
  await mortal.start()
  await mortal.expectSwept()
  await mortal.examine()
  await mortal.stop()
}
