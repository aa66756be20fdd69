import { createBudget } from '../../base/budget.ts'
import type { WorkerLimits } from './tasks.ts'
import { type ImageWorker, startWorker } from './worker-process.ts'

/** A start takes a fifth of a second; an idle worker takes 80 MB. */
const IDLE_MS = 30_000

export interface WorkerPool {
  /**
   * Waits for a free slot, then lends a worker to `work` alone: an idle one, or a new one.
   *
   * @param options.priority lower goes first
   * @param options.signal kills the worker when aborted
   * @throws AppError 503 "Service busy" when too many tasks wait; the signal's reason when aborted
   */
  use<T>(
    work: (worker: ImageWorker) => Promise<T>,
    options: { priority: number; signal?: AbortSignal | undefined },
  ): Promise<T>
  /** Number of running processes, and of tasks that wait for one. */
  readonly alive: number
  readonly waiting: number
  /** Kills all workers. Running and waiting tasks reject. Resolves when the processes are gone. */
  close(): Promise<void>
}

/**
 * @param options.queue how many tasks may wait, within each priority
 * @param options.tell see `startWorker`
 */
export function createWorkerPool(options: {
  size: number
  queue: number
  limits: WorkerLimits
  idleMs?: number
  tell?: (text: string) => void
}): WorkerPool {
  const { size, queue, limits, idleMs = IDLE_MS, tell } = options
  const slots = createBudget('image processing', size, queue)
  const workers = new Set<ImageWorker>()
  const idle = new Map<ImageWorker, NodeJS.Timeout>()
  let closed = false

  function takeWorker(): ImageWorker {
    for (const [worker, timer] of idle) {
      clearTimeout(timer)
      idle.delete(worker)
      if (worker.alive) return worker
    }
    const worker = startWorker(limits, tell)
    workers.add(worker)
    worker.ended.then(() => workers.delete(worker))
    return worker
  }

  function giveBack(worker: ImageWorker) {
    if (!worker.alive) return
    idle.set(
      worker,
      setTimeout(() => worker.kill(), idleMs),
    )
  }

  return {
    get alive() {
      return workers.size
    },
    get waiting() {
      return slots.waiting
    },
    async use(work, { priority, signal }) {
      const release = await slots.take(1, { priority, ...(signal && { signal }) })
      try {
        signal?.throwIfAborted()
        if (closed) throw new Error('The image workers have ended')
        const worker = takeWorker()
        const abort = () => worker.kill()
        signal?.addEventListener('abort', abort, { once: true })
        try {
          return await work(worker)
        } catch (error) {
          signal?.throwIfAborted()
          throw error
        } finally {
          signal?.removeEventListener('abort', abort)
          giveBack(worker)
        }
      } finally {
        release()
      }
    },
    async close() {
      closed = true
      for (const timer of idle.values()) clearTimeout(timer)
      await Promise.all([...workers].map((worker) => worker.kill()))
    },
  }
}
