import { availableParallelism } from 'node:os'
import { createBudget } from '../base/budget.ts'
import { AppError } from '../base/errors.ts'
import type { ImageSettings } from './settings.ts'
import { Refusal } from './worker/refusal.ts'
import type { Header, Preview, ProcessedImage, RenderedImage } from './worker/tasks.ts'
import { createWorkerPool } from './worker/worker-pool.ts'
import type { ImageWorker } from './worker/worker-process.ts'

export type { ProcessedImage, RenderedImage } from './worker/tasks.ts'

/**
 * The pixels of images, in processes of their own. The functions take the path of a file and a
 * folder of that task alone, which the caller removes; a rejection means that nothing works on them
 * any more.
 *
 * @throws AppError 500 `image-refused`, with a detail, if the file is to blame (see `isRefusal`);
 *   503 "Service busy" if too many wait; the signal's reason when aborted; any other Error for a
 *   fault of ours
 */
export interface Images {
  /** Decodes every frame of an upload and makes what is derived from it. */
  process(path: string, folder: string, signal?: AbortSignal): Promise<ProcessedImage>
  /** Renders the variant `scaled` anew, behind all waiting uploads. */
  renderScaled(
    path: string,
    folder: string,
    signal?: AbortSignal,
  ): Promise<RenderedImage & { preview: Preview }>
  /**
   * Renders the variant `high`, behind all waiting uploads. An animation that takes too much for
   * that becomes its first frame.
   */
  renderHigh(path: string, folder: string, signal?: AbortSignal): Promise<RenderedImage>
  /** For metrics: processes that run, and tasks that wait for one. */
  readonly workers: number
  readonly waiting: number
  /** Ends all processes; what runs or waits rejects. */
  close(): Promise<void>
}

/** Whether an error of `Images` means that the file, and nobody else, is to blame. */
export const isRefusal = (error: unknown): error is AppError =>
  error instanceof AppError && error.code === 'image-refused'

const PRIORITY = { upload: 0, scaled: 1, high: 2 }

/** @param tell gets what image processes say on their standard error */
export function createImages(settings: ImageSettings, tell?: (text: string) => void): Images {
  const size = Math.min(availableParallelism(), settings.imageWorkers)
  const pool = createWorkerPool({
    size,
    queue: settings.imageQueue,
    limits: { seconds: settings.imageSeconds, memoryBytes: settings.imageMemoryBytes },
    ...(tell && { tell }),
  })
  // Who waits here has a worker already, so there are never more than workers.
  const pixels = createBudget('image processing', settings.imagePixelsInFlight, size)

  /** Lends a worker that has read the header, with the memory that the pixels will take. */
  const withHeader = <T>(
    path: string,
    options: { priority: number; signal: AbortSignal | undefined },
    work: (worker: ImageWorker, header: Header) => Promise<T>,
  ): Promise<T> =>
    pool.use(async (worker) => {
      const { priority, signal } = options
      const header = await worker.run('readHeader', { path })
      if (priority === PRIORITY.upload) checkLimits(header, settings)
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

  const renderScaled: Images['renderScaled'] = (path, folder, signal) =>
    withHeader(path, { priority: PRIORITY.scaled, signal }, (worker, header) =>
      worker.run('renderScaled', { path, folder, header }),
    )

  const renderHigh: Images['renderHigh'] = async (path, folder, signal) => {
    let isAnimation = false
    const render = (animated: boolean) =>
      withHeader(path, { priority: PRIORITY.high, signal }, (worker, header) => {
        isAnimation = header.frames > 1
        return worker.run('renderHigh', { path, folder, header, animated })
      })
    try {
      return await render(true)
    } catch (error) {
      if (!isAnimation || !tookTooMuch(error)) throw error
      return render(false)
    }
  }

  return {
    process: (...task) => processUpload(...task).catch(refuseWith('Error adding media')),
    renderScaled: (...task) => renderScaled(...task).catch(refuseWith('Error processing media')),
    renderHigh: (...task) => renderHigh(...task).catch(refuseWith('Error processing media')),
    get workers() {
      return pool.alive
    },
    get waiting() {
      return pool.waiting
    },
    close: () => pool.close(),
  }
}

const countPixels = ({ width, height, frames }: Header) => width * height * frames

/** Longer ones only a PNG can have, and no browser shows; memory for the rows of an image grows with them. */
const MAX_SIDE = 65_535
/** Bytes of a pixel that the budget counts as one. */
const BYTES_PER_PIXEL = 4

/**
 * Of what is held whole, by the bytes of a pixel. AVIF is decoded whole and in more than one copy: several
 * times the memory of other formats.
 */
function weighPixels(header: Header): number {
  if (header.format === 'avif') return countPixels(header) * 2
  const bytes = header.isHeldWhole ? (header.bytesPerPixel ?? 0) : 0
  return countPixels(header) * Math.max(1, bytes / BYTES_PER_PIXEL)
}

type Limits = Pick<ImageSettings, 'maxImagePixels' | 'maxImageFrames' | 'imageMemoryBytes'>

/** Against files of a few bytes that unfold into more than any machine holds. */
function checkLimits(header: Header, { maxImagePixels, maxImageFrames, imageMemoryBytes }: Limits) {
  const { width, height, frames, bytesPerPixel = 0, isHeldWhole } = header
  if (frames > maxImageFrames) {
    const detail = `The animation has ${frames} frames; at most ${maxImageFrames} are accepted.`
    throw new Refusal('limit', detail)
  }
  if (countPixels(header) > maxImagePixels) {
    const size = `${width} x ${height} pixels${frames > 1 ? ` in each of ${frames} frames` : ''}`
    const detail = `The image has ${size}; at most ${maxImagePixels} in all are accepted.`
    throw new Refusal('limit', detail)
  }
  if (Math.max(width, height) > MAX_SIDE) {
    const side = width > height ? `${width} pixels wide` : `${height} pixels high`
    throw new Refusal('limit', `The image is ${side}; at most ${MAX_SIDE} on a side are accepted.`)
  }
  const bytes = countPixels(header) * bytesPerPixel
  if (isHeldWhole && bytes > imageMemoryBytes) {
    const product = `${width} x ${height} pixels of ${bytesPerPixel} bytes`
    const detail = `The image is interlaced or progressive and takes ${bytes} bytes of memory at once (${product}); at most ${imageMemoryBytes} are accepted.`
    throw new Refusal('limit', detail)
  }
}

const tookTooMuch = (error: unknown) =>
  error instanceof Refusal && (error.reason === 'time' || error.reason === 'memory')

/** Turns what the file is to blame for into the route's answer, and leaves the rest as it is. */
const refuseWith =
  (message: string) =>
  (error: unknown): never => {
    if (!(error instanceof Refusal)) throw error
    const { detail } = error
    throw new AppError('image-refused', 500, message, { detail, cause: error })
  }
