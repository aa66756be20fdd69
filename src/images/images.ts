import { availableParallelism } from 'node:os'
import { createBudget } from '../base/budget.ts'
import { AppError } from '../base/errors.ts'
import type { FileMetadata } from './file-metadata.ts'
import { INTERMEDIATE_FIT } from './intermediate.ts'
import type { FitPlan, Plan } from './plan/plan.ts'
import type { ImageSettings } from './settings.ts'
import { checkUploadLimits, countPixels } from './upload-limits.ts'
import {
  type Header,
  type ProcessedImage,
  Refusal,
  type RenderExtras,
  type Rendered,
  type RenderedImage,
} from './worker/tasks.ts'
import { createWorkerPool } from './worker/worker-pool.ts'
import type { ImageWorker } from './worker/worker-process.ts'

export type { ProcessedImage, Rendered, RenderedImage } from './worker/tasks.ts'

/**
 * Decodes and renders images in separate processes. The functions take the path of a file and a folder.
 * The folder belongs to that task alone, and the caller removes it. After a rejection, no process uses
 * the file or the folder any more.
 *
 * @throws AppError 500 `image-refused`, with a detail, if the file is at fault (see `isRefusal`);
 *   503 "Service busy" if too many tasks wait; the signal's reason when aborted; any other Error for a
 *   fault of the server
 */
export interface Images {
  /** Decodes every frame of an upload, renders `scaled`, and computes the preview. */
  process(path: string, folder: string, signal?: AbortSignal): Promise<ProcessedImage>
  /**
   * Reads what a file says of its image, and decodes no pixels. `process` does so too.
   * @returns undefined if that cannot be read
   */
  readMetadata(
    path: string,
    options?: { priority?: number },
    signal?: AbortSignal,
  ): Promise<FileMetadata | undefined>
  /**
   * Renders an image as a plan says. If an animation takes too much time or memory, only its first frame is
   * rendered.
   */
  render(
    path: string,
    folder: string,
    plan: Plan | FitPlan,
    options?: RenderOptions,
    signal?: AbortSignal,
  ): Promise<Rendered>
  /**
   * Renders stills that differ in what is cut out of the scaled original and nothing else. The original is decoded once.
   * @returns the images in the order of the plans
   */
  renderParts(
    path: string,
    folder: string,
    plans: readonly Plan[],
    signal?: AbortSignal,
  ): Promise<RenderedImage[]>
  /**
   * Renders an image from the intermediate one of an earlier render, if `servesFrom` allows that. Any error
   * means that the original must be used instead.
   */
  renderFromIntermediate(
    path: string,
    folder: string,
    plan: Plan,
    options?: { priority?: number },
    signal?: AbortSignal,
  ): Promise<RenderedImage>
  /** For metrics: the number of running processes, and of tasks that wait for one. */
  readonly workers: number
  readonly waiting: number
  /** Ends all processes. Running and waiting tasks reject. */
  close(): Promise<void>
}

/** Whether an error of `Images` is the fault of the file, not of the server. */
export const isRefusal = (error: unknown): error is AppError =>
  error instanceof AppError && error.code === 'image-refused'

/** Uploads go first, then what somebody waits for, then what is only put right. Each has a queue of its own. */
export const PRIORITY = { upload: 0, shown: 1, rebuild: 2 } as const

export interface RenderOptions extends RenderExtras {
  /** `PRIORITY.shown` unless said. */
  priority?: number
}

/** @param tell gets the output of the image processes on standard error */
export function createImages(settings: ImageSettings, tell?: (text: string) => void): Images {
  const size = Math.min(availableParallelism(), settings.imageWorkers)
  const pool = createWorkerPool({
    size,
    queue: settings.imageQueue,
    limits: { seconds: settings.imageSeconds, memoryBytes: settings.imageMemoryBytes },
    ...(tell && { tell }),
  })
  // A task that waits here has a worker already, so the queue is never longer than the number of workers.
  const pixels = createBudget('image processing', settings.imagePixelsInFlight, size)

  /** Lends a worker that has read the header, and reserves the memory for the pixels. */
  const withHeader = <T>(
    path: string,
    options: { priority: number; signal: AbortSignal | undefined },
    work: (worker: ImageWorker, header: Header) => Promise<T>,
  ): Promise<T> =>
    pool.use(async (worker) => {
      const { priority, signal } = options
      const header = await worker.run('readHeader', { path })
      if (priority === PRIORITY.upload) checkUploadLimits(header, settings)
      const release = await pixels.take(weighPixels(header), {
        priority,
        ...(signal && { signal }),
      })
      try {
        return await work(worker, header)
      } finally {
        release()
      }
    }, options)

  const processUpload: Images['process'] = (path, folder, signal) =>
    withHeader(path, { priority: PRIORITY.upload, signal }, (worker, header) =>
      worker.run('process', { path, folder, header }),
    )

  const readMetadata: Images['readMetadata'] = (
    path,
    { priority = PRIORITY.upload } = {},
    signal,
  ) =>
    pool.use(
      async (worker) => {
        const header = await worker.run('readHeader', { path })
        return worker.run('readMetadata', { path, header })
      },
      { priority, signal },
    )

  const render: Images['render'] = async (path, folder, plan, options = {}, signal) => {
    const { priority = PRIORITY.shown, ...extras } = options
    let isAnimation = false
    const attempt = (plan: Plan | FitPlan) =>
      withHeader(path, { priority, signal }, (worker, header) => {
        isAnimation = plan.animated && header.frames > 1
        return worker.run('render', { path, folder, header, plan, ...extras })
      })
    try {
      return await attempt(plan)
    } catch (error) {
      if (!isAnimation || !tookTooMuch(error)) throw error
      return attempt({ ...plan, animated: false })
    }
  }

  const renderParts: Images['renderParts'] = (path, folder, plans, signal) =>
    withHeader(path, { priority: PRIORITY.shown, signal }, (worker, header) =>
      worker.run('renderParts', { path, folder, header, plans }),
    )

  const renderFromIntermediate: Images['renderFromIntermediate'] = (
    path,
    folder,
    plan,
    { priority = PRIORITY.shown } = {},
    signal,
  ) =>
    pool.use(
      async (worker) => {
        const options = { priority, ...(signal && { signal }) }
        const release = await pixels.take(INTERMEDIATE_FIT ** 2, options)
        try {
          return await worker.run('renderFromIntermediate', { path, folder, plan })
        } finally {
          release()
        }
      },
      { priority, signal },
    )

  return {
    process: (...task) => processUpload(...task).catch(refuseWith('Error adding media')),
    readMetadata: (...task) => readMetadata(...task).catch(refuseWith('Error adding media')),
    render: (...task) => render(...task).catch(refuseWith('Error processing media')),
    renderParts: (...task) => renderParts(...task).catch(refuseWith('Error processing media')),
    renderFromIntermediate: (...task) =>
      renderFromIntermediate(...task).catch(refuseWith('Error processing media')),
    get workers() {
      return pool.alive
    },
    get waiting() {
      return pool.waiting
    },
    close: () => pool.close(),
  }
}

/** The budget counts this many bytes as one pixel. */
const BYTES_PER_PIXEL = 4

/**
 * The pixels that an image takes from the budget. An image that is held whole counts by its bytes per pixel.
 * AVIF is decoded whole and in more than one copy, so it takes several times the memory of other formats.
 */
function weighPixels(header: Header): number {
  if (header.format === 'avif') return countPixels(header) * 2
  const bytes = header.isHeldWhole ? (header.bytesPerPixel ?? 0) : 0
  return countPixels(header) * Math.max(1, bytes / BYTES_PER_PIXEL)
}

const tookTooMuch = (error: unknown) =>
  error instanceof Refusal && (error.reason === 'time' || error.reason === 'memory')

/** Turns a `Refusal` into the route's error. Rethrows all other errors unchanged. */
const refuseWith =
  (message: string) =>
  (error: unknown): never => {
    if (!(error instanceof Refusal)) throw error
    const { detail } = error
    throw new AppError('image-refused', 500, message, { detail, cause: error })
  }
