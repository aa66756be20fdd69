import { availableParallelism } from 'node:os'
import type { Config } from '../config.ts'

/** Environment variable that holds the index of a worker process, from 0. */
export const WORKER_INDEX = 'CLUSTER_WORKER_INDEX'

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
