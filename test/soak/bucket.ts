import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import {
  type Call,
  type Fault,
  type FaultyProxy,
  startFaultyProxy,
} from '../../src/storage/s3/s3-faults.fixture.ts'
import { runCli } from '../harness.ts'
import { type Ledger, openLedger, startLoad } from '../ledger.ts'
import { canMount, mountSmallDisk } from '../mounts.ts'
import { hasS3Server, makeBucket, S3_CREDENTIALS, useS3Server } from '../s3-server.ts'
import { type MortalServer, openMortalServer } from './mortal-server.ts'
import { type Row, summarize, type Times } from './part.ts'

const ROUNDS = 4
const TEMPORARY_ROUNDS = 10
const MEBIBYTES = 16
/** Responses of a load before a fault, and after it. */
const ANSWERS = 20
const ACTS = 8
/** Consecutive faults of one call that retries hide. */
const FAULTS_IN_A_ROW = 3
const TIMEOUT_SECONDS = 10
/** The SDK has a budget of 500 for retries. A retry costs 14, and a successful request returns 1. */
const SUCCESSES = FAULTS_IN_A_ROW * 14

const CALLS: readonly Call[] = ['HEAD', 'PUT', 'GET', 'POST delete']
const FAULTS: readonly { fault: Fault; says: string; calls?: readonly Call[] }[] = [
  { fault: { status: 500, code: 'InternalError' }, says: 'S3 answers 500 InternalError' },
  { fault: { status: 503, code: 'SlowDown' }, says: 'S3 answers 503 SlowDown' },
  { fault: 'reset', says: 'connections to S3 are reset' },
  { fault: 'lost answer', says: 'S3 does what was asked, and its answer is lost' },
  { fault: 'cut answer', says: 'answers of S3 break off midway', calls: ['GET'] },
  { fault: 'changed body', says: 'a bit falls over on the way to S3', calls: ['PUT'] },
]

export const missing = () => (hasS3Server() ? undefined : 'there is no OpenStack Swift')

/** Injects every fault on the way to a bucket, briefly and permanently. */
export async function* rows(times: Times): AsyncGenerator<Row> {
  const swift = await useS3Server()
  const proxy = await startFaultyProxy(swift.endpoint)
  const url = new URL(await makeBucket(swift))
  url.searchParams.set('endpoint', proxy.url)
  url.searchParams.set('timeout', String(TIMEOUT_SECONDS))
  const settings = {
    VITRINE_STORAGE_URL: url.href,
    VITRINE_LOG_LEVEL: 'silent',
    ...S3_CREDENTIALS,
  }
  const ledger = openLedger()
  const mortal = await openMortalServer(settings)
  try {
    const rounds = times(ROUNDS)
    // Short faults first: after long ones, the SDK retries less often for a while.
    for (const { fault, calls = CALLS } of FAULTS) {
      for (const call of calls) {
        for (let round = 0; round < rounds; round++) {
          await failShortly(mortal, ledger, proxy, call, fault)
        }
      }
    }
    for (const { fault, says, calls = CALLS } of FAULTS) {
      const recoveries: number[] = []
      for (const call of calls) {
        for (let round = 0; round < rounds; round++) {
          recoveries.push(await failLong(mortal, ledger, proxy, call, fault))
        }
      }
      await ledger.check(mortal.client)
      yield {
        fault: says,
        injected: `a proxy before Swift, at ${calls.join(', ')}: ${FAULTS_IN_A_ROW} times in a row, and always until mended`,
        times: calls.length * rounds * (FAULTS_IN_A_ROW + 1),
        lost: 'nothing',
        recovery: `until an add is answered 200, without a restart: ${summarize(recoveries)}`,
      }
    }
    const recoveries: number[] = []
    for (let round = 0; round < rounds; round++) {
      recoveries.push(await failLong(mortal, ledger, proxy, '*', 'silence'))
    }
    await ledger.check(mortal.client)
    yield {
      fault: 'S3 accepts connections and never answers',
      injected: `a proxy before Swift, at every call until mended; timeout=${TIMEOUT_SECONDS}`,
      times: rounds,
      lost: 'nothing; lists and searches went on, adds and deletes were answered 500',
      recovery: `until an add is answered 200, without a restart: ${summarize(recoveries)}`,
    }
    await expectSwept(mortal, settings)
    await mortal.stop()
    const direct = { ...settings, VITRINE_STORAGE_URL: await makeBucket(swift) }
    if (canMount) yield await fillTemporary(direct, times(TEMPORARY_ROUNDS))
    else console.log('  SKIPPED: the full temporary disk, since nothing can be mounted here')
    console.log(`  requests by answer: ${ledger.describe()}`)
  } finally {
    await mortal.kill()
    await proxy.close()
    await swift.stop()
  }
}

/** Retries hide a few faults in a row from clients. */
async function failShortly(
  { client }: MortalServer,
  ledger: Ledger,
  proxy: FaultyProxy,
  call: Call,
  fault: Fault,
) {
  // S3 refuses a body that was changed on its way, and the SDK does not retry that.
  const statuses = fault === 'changed body' ? [200, 500] : [200]
  proxy.fail(call, ...Array<Fault>(FAULTS_IN_A_ROW).fill(fault))
  for (let act = 0; act < ACTS; act++) {
    const answer = await ledger.act(client)
    expect(statuses, `${JSON.stringify(fault)} at ${call}`).toContain(answer?.status)
  }
  const original = await client.get(`/media/original/${ledger.pick()}`)
  expect(original.status, `${JSON.stringify(fault)} at ${call}`).toBe(200)
  proxy.mend()
  for (let count = 0; count < SUCCESSES; count++) {
    await client.get(`/media/original/${ledger.pick()}`)
  }
}

/** @returns milliseconds until an add succeeded again */
async function failLong(
  { client }: MortalServer,
  ledger: Ledger,
  proxy: FaultyProxy,
  call: Call,
  fault: Fault,
): Promise<number> {
  const id = (await ledger.add(client))?.body.media.id ?? 0
  proxy.failAlways(call, fault)
  const answers = Promise.all([ledger.add(client), ledger.remove(client, id)])
  expect((await client.list('?search=item')).status).toBe(200)
  for (const answer of await answers) expect([200, 500, 503]).toContain(answer?.status)
  expect((await client.list('?search=item')).status).toBe(200)
  proxy.mend()
  const before = performance.now()
  expect((await ledger.add(client))?.status).toBe(200)
  return performance.now() - before
}

/** Fills the disk with the database and the temporary folder. The images are in the bucket. */
async function fillTemporary(settings: Record<string, string>, rounds: number): Promise<Row> {
  const disk = mountSmallDisk(MEBIBYTES)
  const ledger = openLedger()
  const mortal = await openMortalServer(settings, disk.data)
  // A load balancer must not take fast refusals for an idle instance, so readiness must change.
  const untilReadyIs = async (status: number) => {
    while ((await mortal.client.get('/health/ready')).status !== status) await sleep(200)
  }
  const recoveries: number[] = []
  for (let round = 0; round < rounds; round++) {
    const load = startLoad(mortal.client, ledger)
    await load.answered(ANSWERS)
    disk.fill()
    await load.answered(ANSWERS)
    await load.stop()
    await ledger.check(mortal.client)
    disk.fill()
    await untilReadyIs(503)
    expect((await ledger.add(mortal.client))?.status).toBe(500)
    disk.empty()
    const before = performance.now()
    expect((await ledger.add(mortal.client))?.status).toBe(200)
    recoveries.push(performance.now() - before)
    await untilReadyIs(200)
    await ledger.check(mortal.client)
  }
  await expectSwept(mortal, settings)
  await mortal.stop()
  disk.unmount()
  return {
    fault: 'with a bucket, the disk with the database and the temporary folder fills up under load',
    injected: `a tmpfs of ${MEBIBYTES} MiB and a file that takes the rest of it`,
    times: rounds,
    lost: 'nothing; lists, searches and images went on, /health/ready was 503',
    recovery: `until an add is answered 200, without a restart: ${summarize(recoveries)}`,
  }
}

const SWEEP_REST_MS = 5000
const SWEEP_TRIES = 40

/** Waits until no stray object and no journal entry is left. */
async function expectSwept({ data }: MortalServer, settings: Record<string, string>) {
  let told = ''
  for (let tries = SWEEP_TRIES; tries > 0; tries--) {
    told = (await runCli(data, ['doctor'], { settings })).stdout
    if (/^\d+ items.*: nothing found\n$/.test(told)) return
    await sleep(SWEEP_REST_MS)
  }
  throw new Error(`The doctor says: ${told}`)
}
