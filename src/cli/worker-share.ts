import { availableParallelism } from 'node:os'
import type { Config } from '../config.ts'

/** Environment variable by which a worker knows which one it is, from 0. */
export const WORKER_INDEX = 'CLUSTER_WORKER_INDEX'

/** Whether this worker is the one for what is done once for all of them. */
export const isFirstWorker = (): boolean => process.env[WORKER_INDEX] === '0'

/**
 * What one worker may use of what the settings allow in all: image processes, pixels in flight, the
 * queue before them, the cache of images. Upkeep is for the first worker alone.
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
