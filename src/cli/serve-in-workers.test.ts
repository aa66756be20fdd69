import { availableParallelism } from 'node:os'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../config.ts'
import { shareOf, WORKER_INDEX } from './serve-in-workers.ts'

/** The share of the worker process with this index. */
function shareAs(index: number, variables: Record<string, string>) {
  process.env[WORKER_INDEX] = String(index)
  onTestFinished(() => {
    delete process.env[WORKER_INDEX]
  })
  return shareOf(readConfig({ VITRINE_SCRUB_DAYS: '30', ...variables }))
}

describe('the share of one worker', () => {
  it('is a part of the configured totals', () => {
    const share = shareAs(1, {
      VITRINE_WORKERS: '4',
      VITRINE_IMAGE_PIXELS_IN_FLIGHT: '1000',
      VITRINE_IMAGE_QUEUE: '10',
      VITRINE_DELIVERY_CACHE_BYTES: '4001',
    })
    expect(share).toMatchObject({
      imagePixelsInFlight: 250,
      imageQueue: 3,
      deliveryCacheBytes: 1000,
      imageWorkers: Math.ceil(Math.min(4, availableParallelism()) / 4),
    })
  })

  it('has at least one image process', () => {
    expect(shareAs(1, { VITRINE_WORKERS: '100' }).imageWorkers).toBe(1)
  })

  it('includes upkeep only for the first worker', () => {
    expect(shareAs(0, { VITRINE_WORKERS: '2' }).scrubDays).toBe(30)
    expect(shareAs(1, { VITRINE_WORKERS: '2' }).scrubDays).toBe(undefined)
  })
})
