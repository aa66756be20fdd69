import cluster, { type Worker } from 'node:cluster'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { heard } from '../base/heard.ts'
import type { Config } from '../config.ts'
import { createLog } from '../http/operate/logging.ts'
import { answerMetrics } from '../http/operate/worker-metrics.ts'
import { printAddress } from './listening.ts'

/** Environment variable that holds the index of a worker process, from 0. */
export const WORKER_INDEX = 'CLUSTER_WORKER_INDEX'

/** First pause before an ended worker is replaced. It doubles each time the worker ends again. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000
/** A worker that ran this long was healthy; its pause starts over. */
const WELL_MS = 60_000

/**
 * Runs worker processes, each a whole server, on one port. This process accepts the connections and hands
 * them out in turn. It replaces a worker that ends. On SIGTERM or SIGINT it ends after its workers; if it
 * is killed, they end too.
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

  /** Replaces a worker each time it ends, until this process stops. Resolves with the last exit code. */
  async function keepRunning(index: number, ended: Promise<End>): Promise<number> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const started = performance.now()
      const end = await ended
      // A worker that SIGTERM killed had not installed its handler yet, so it had nothing to finish.
      if (stopping.signal.aborted) return end.signal === 'SIGTERM' ? 0 : (end.code ?? 1)
      if (performance.now() - started > WELL_MS) pause = FIRST_PAUSE_MS
      log.error(
        `Worker ${index} ended with ${end.signal ?? `code ${end.code}`}; a new worker replaces it`,
      )
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return 0
      ended = start(index).ended
    }
  }

  // Start the first worker alone: it creates the tables and the administrator, and reports any fault once.
  const first = start(0)
  const end = await Promise.race([first.ended, listens(first.worker)])
  if (end !== undefined) {
    process.exitCode = end.code ?? 1
    return
  }
  // If the signal arrived while the first worker started, the other workers would never receive it.
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

/** Whether this worker process does the work that is done once for all of them. */
export const isFirstWorker = (): boolean => process.env[WORKER_INDEX] === '0'

/**
 * The part of the configured totals that one worker process may use: image processes, pixels in flight, the
 * queue before them, the cache of images. Only the first worker does upkeep.
 */
export function shareOf(config: Config): Config {
  const share = (whole: number) => Math.ceil(whole / config.workers)
  return {
    ...config,
    imageWorkers: share(Math.min(config.imageWorkers, availableParallelism())),
    imagePixelsInFlight: share(config.imagePixelsInFlight),
    imageQueue: share(config.imageQueue),
    deliveryCacheBytes: Math.floor(config.deliveryCacheBytes / config.workers),
    scrubDays: isFirstWorker() ? config.scrubDays : undefined,
  }
}
