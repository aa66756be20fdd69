import cluster, { type Worker } from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import { heard } from '../base/heard.ts'
import type { Config } from '../config.ts'
import { createLog } from '../http/operate/logging.ts'
import { answerMetrics } from '../http/operate/worker-metrics.ts'
import { printAddress } from './print-address.ts'
import { WORKER_INDEX } from './worker-share.ts'

/** How soon a worker that ended is replaced, at first; twice as long each time that it ends again. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000
/** A worker that ran for so long was well. */
const WELL_MS = 60_000

/**
 * Runs workers, each of them a whole server, on one port: this process takes connections in and
 * hands them out in turn. A worker that ends is replaced. When this process is told to stop, it ends
 * after its workers; should it be killed, they end with it.
 */
export async function serveInWorkers(config: Config): Promise<void> {
  const log = createLog(config.logLevel)
  const stopping = new AbortController()
  if (config.metricsToken !== undefined) await answerMetrics()
  cluster.schedulingPolicy = cluster.SCHED_RR

  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  function stop(signal: NodeJS.Signals) {
    if (stopping.signal.aborted) return
    log.info(`${signal}: ending the workers`)
    stopping.abort()
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
  }

  const allListen = Promise.withResolvers<{ address: string; port: number }>()
  let listening = 0
  cluster.on('listening', (_worker, { address, port }) => {
    listening++
    if (listening === config.workers) allListen.resolve({ address, port })
  })

  function start(index: number) {
    const worker = heard(cluster.fork({ [WORKER_INDEX]: String(index) }))
    worker.on('error', (error) => log.error({ err: error }, `Worker ${index} cannot be reached`))
    return { worker, ended: endOf(worker) }
  }

  /** Replaces a worker whenever it ends, until all are to stop. Resolves with its exit code then. */
  async function keepRunning(index: number, ended: Promise<End>): Promise<number> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const started = performance.now()
      const end = await ended
      // One that was not ready to hear the signal yet had nothing to finish.
      if (stopping.signal.aborted) return end.signal === 'SIGTERM' ? 0 : (end.code ?? 1)
      if (performance.now() - started > WELL_MS) pause = FIRST_PAUSE_MS
      log.error(`Worker ${index} ended with ${end.signal ?? `code ${end.code}`}; another follows`)
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return 0
      ended = start(index).ended
    }
  }

  // The first one alone: it makes tables and administrator, and if anything is wrong it says so.
  const first = start(0)
  const end = await Promise.race([first.ended, listens(first.worker)])
  if (end !== undefined) {
    process.exitCode = end.code ?? 1
    return
  }
  // Told to stop while the first one started, nobody would tell the others.
  const count = stopping.signal.aborted ? 0 : config.workers - 1
  const others = Array.from({ length: count }, (_, index) => start(index + 1))
  const ends = [first, ...others].map(({ ended }, index) => keepRunning(index, ended))
  allListen.promise.then(printAddress)
  const codes = await Promise.all(ends)
  process.exit(Math.max(...codes))
}

interface End {
  code: number | null
  signal: string | null
}

const endOf = (worker: Worker) =>
  new Promise<End>((resolve) => {
    worker.once('exit', (code, signal) => resolve({ code, signal }))
  })

const listens = (worker: Worker) =>
  new Promise<undefined>((resolve) => {
    worker.once('listening', () => resolve(undefined))
  })
