import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createBudget } from '../base/budget.ts'
import { AppError } from '../base/errors.ts'
import { findForeignFormat } from './decoder/foreign-format.ts'
import type { ForeignHeader, Order } from './decoder/protocol.ts'
import { runDecoder } from './decoder/run-decoder.ts'
import type { FileMetadata } from './file-metadata.ts'
import { FORMATS, type Format } from './formats.ts'
import { fitSize, INTERMEDIATE_FIT } from './intermediate.ts'
import { type FitPlan, framesOf, type Plan } from './plan/plan.ts'
import { VARIANTS } from './recipe.ts'
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
  /** Whether uploads of a MIME type are accepted. */
  accepts(type: string): boolean
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
   * Reads what an XMP sidecar says of an image. Refuses a sidecar that cannot be read, and a file that is no image.
   * @param path the file of the image
   * @param sidecar the document
   */
  readSidecar(path: string, sidecar: string, signal?: AbortSignal): Promise<FileMetadata>
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
    options?: Pick<RenderOptions, 'isStill'>,
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
  /**
   * Whether the library knows the image as a still. A PNG then is one, even if it has frames: an earlier version took
   * in its first image alone.
   */
  isStill?: boolean | undefined
}

interface FileTask {
  path: string
  folder: string
  /** What the pixels are for. Plans of a drawing have the same scale. */
  wanted: 'upload' | readonly (Plan | FitPlan)[]
  priority: number
  signal: AbortSignal | undefined
  isStill?: boolean | undefined
}

/** @param tell gets the output of the image processes on standard error */
export function createImages(settings: ImageSettings, tell?: (text: string) => void): Images {
  const size = Math.min(availableParallelism(), settings.imageWorkers)
  const limits = { seconds: settings.imageSeconds, memoryBytes: settings.imageMemoryBytes }
  const pool = createWorkerPool({
    size,
    queue: settings.imageQueue,
    limits,
    ...(tell && { tell }),
  })
  // A task that waits here has a worker already, so the queue is never longer than the number of workers.
  const pixels = createBudget('image processing', settings.imagePixelsInFlight, size)

  const closing = new AbortController()
  const decoders = new Set<Promise<unknown>>()

  /** Lends a worker with a file that it can decode, whose header it has read, and reserves the memory for the pixels. */
  const withFile = <T>(
    { path, folder, wanted, priority, signal, isStill }: FileTask,
    work: (worker: ImageWorker, file: { path: string; header: Header }) => Promise<T>,
  ): Promise<T> =>
    pool.use(
      async (worker) => {
        const isUpload = priority === PRIORITY.upload
        const formats = isUpload ? settings.imageFormats : undefined
        const found = await findForeignFormat(path)
        let release: (() => void) | undefined
        const reserve = async (header: Header) => {
          if (isUpload) checkUploadLimits(header, settings)
          const options = { priority, ...(signal && { signal }) }
          release = await pixels.take(weighPixels(header), options)
        }
        const pixelFile = join(folder, 'decoded.tif')
        try {
          // The worker refuses a format that is off. Its decoder is not even loaded.
          if (!found || formats?.includes(found) === false) {
            const header = await worker.run('readHeader', { path, formats, isStill })
            await reserve(header)
            return await work(worker, { path, header })
          }
          const order = { kept: 1 }
          const until = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal
          const task = { format: found, path, pixels: pixelFile, limits, signal: until, tell }
          const decoding = runDecoder(task, async (header) => {
            await reserve({ format: found, ...header })
            return Object.assign(order, orderOf(wanted, header))
          })
          decoders.add(decoding)
          const claimed = await decoding.finally(() => decoders.delete(decoding))
          const decoded = { format: found, original: path, ...claimed, kept: order.kept }
          const header = await worker.run('readHeader', { path: pixelFile, decoded })
          return await work(worker, { path: pixelFile, header })
        } finally {
          release?.()
          if (found) await rm(pixelFile, { force: true })
        }
      },
      { priority, signal },
    )

  const processUpload: Images['process'] = (path, folder, signal) =>
    withFile(
      { path, folder, wanted: 'upload', priority: PRIORITY.upload, signal },
      (worker, file) => worker.run('process', { ...file, original: path, folder }),
    )

  /** Reads the header of an image of which nothing is decoded. */
  const readHeader = async (worker: ImageWorker, path: string): Promise<Header> => {
    const format = await findForeignFormat(path)
    // What such a file says needs no decoder: its pixels are upright, so their size does not matter.
    return format ? { format, width: 0, height: 0, frames: 1 } : worker.run('readHeader', { path })
  }

  const readMetadata: Images['readMetadata'] = (
    path,
    { priority = PRIORITY.upload } = {},
    signal,
  ) =>
    pool.use(
      async (worker) =>
        worker.run('readMetadata', { path, header: await readHeader(worker, path) }),
      { priority, signal },
    )

  const readSidecar: Images['readSidecar'] = (path, text, signal) =>
    pool.use(
      async (worker) => worker.run('readSidecar', { text, header: await readHeader(worker, path) }),
      { priority: PRIORITY.upload, signal },
    )

  const render: Images['render'] = async (path, folder, plan, options = {}, signal) => {
    const { priority = PRIORITY.shown, isStill, ...extras } = options
    let isAnimation = false
    const attempt = (plan: Plan | FitPlan) =>
      withFile({ path, folder, wanted: [plan], priority, signal, isStill }, (worker, file) => {
        isAnimation = plan.animated && file.header.frames > 1
        return worker.run('render', { ...file, folder, plan, ...extras })
      })
    try {
      return await attempt(plan)
    } catch (error) {
      if (!isAnimation || !tookTooMuch(error)) throw error
      return attempt({ ...plan, animated: false })
    }
  }

  const renderParts: Images['renderParts'] = (path, folder, plans, { isStill } = {}, signal) =>
    withFile(
      { path, folder, wanted: plans, priority: PRIORITY.shown, signal, isStill },
      (worker, file) => worker.run('renderParts', { ...file, folder, plans }),
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
    accepts: (type) => settings.imageFormats.some((format) => FORMATS[format].type === type),
    process: (...task) => processUpload(...task).catch(refuseWith('Error adding media')),
    readMetadata: (...task) => readMetadata(...task).catch(refuseWith('Error adding media')),
    readSidecar: (...task) => readSidecar(...task).catch(refuseWith('Error adding media')),
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
    async close() {
      closing.abort(new Error('The image workers have ended'))
      await Promise.all([pool.close(), Promise.allSettled(decoders)])
    },
  }
}

/** What a decoder in a process of its own decodes of a file. */
function orderOf(wanted: FileTask['wanted'], header: ForeignHeader): Order {
  if (wanted === 'upload') {
    const size = fitSize(header, VARIANTS.scaled.fit)
    return { kept: 1, decoded: header.frames, size, isChecked: true }
  }
  const [first] = wanted
  const kept = Math.max(...wanted.map((plan) => framesOf(plan, header)))
  const size = first && 'scale' in first ? first.scale : fitSize(header, first?.fit ?? Infinity)
  return { kept, decoded: kept, size, isChecked: false }
}

/** The budget counts this many bytes as one pixel. */
const BYTES_PER_PIXEL = 4

/** These are decoded whole and in more than one copy, so they take several times the memory of other formats. */
const DECODED_IN_COPIES: readonly Format[] = ['avif', 'heic', 'jxl', 'bmp']

/** The pixels that an image takes from the budget. An image that is held whole counts by its bytes per pixel. */
function weighPixels(header: Header): number {
  if (DECODED_IN_COPIES.includes(header.format)) return countPixels(header) * 2
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
