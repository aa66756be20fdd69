import type { FastifyBaseLogger } from 'fastify'
import { AppError, mediaNotFound, serviceBusy } from '../../base/errors.ts'
import { createRecent } from '../../base/recent.ts'
import type { TemporaryFolder } from '../../storage/temporary.ts'
import type { Images } from '../images.ts'
import type { KeepDeps } from './keep-image.ts'
import { renderFile, type Wanted } from './render-file.ts'
import type { StoredImage } from './source-lookup.ts'

/** How long a failed render is not tried again, whatever its error was. Each attempt costs seconds. */
const FAILURE_MEMORY_MS = 5 * 60_000
/** Room for a few thousand failures. It keeps a library full of such images from filling the memory. */
const MAX_FAILURES_BYTES = 8 * 1024 * 1024

export interface ImageRenders {
  /**
   * Renders and stores an image of a file, unless storage has one of the file's recipe. Concurrent calls share one
   * render. An image of a block is made with all others of the block.
   *
   * @param network of the client; see `networkOf`. One network may start only a share of the renders that may wait
   * @throws AppError 404 if the file is gone; 500 if it cannot be rendered, which is remembered for a
   *   while; 503 under overload
   */
  render(fileId: number, wanted: Wanted, network?: string): Promise<StoredImage>
  /** Aborts the running renders of a file, and waits until they have ended and cleaned up. */
  end(fileId: number): Promise<void>
  /** Forgets that a file could not be rendered, so that the next request tries again. */
  forgetFailures(fileId: number): void
}

interface Running {
  /** By their names. */
  result: Promise<ReadonlyMap<string, StoredImage>>
  abort: AbortController
}

/** A file's failures, by the name of the image. */
type Failures = Map<string, { error: unknown; until: number }>

/** @param deps.imageQueue how many renders may wait */
export function createImageRenders(
  deps: KeepDeps & {
    images: Images
    temporary: TemporaryFolder
    imageQueue: number
    log: FastifyBaseLogger
  },
): ImageRenders {
  /** By file, then by the name of the image or of its block. */
  const running = new Map<number, Map<string, Running>>()
  const failures = createRecent<Failures>(MAX_FAILURES_BYTES)
  const share = createShare(Math.max(1, Math.floor(deps.imageQueue / 4)))

  const findFailure = (fileId: number, name: string) => {
    const failure = failures.get(`${fileId}`)?.get(name)
    return failure && failure.until > Date.now() ? failure : undefined
  }

  const remember = (fileId: number, name: string, error: unknown) => {
    const ofFile: Failures = new Map(failures.get(`${fileId}`))
    ofFile.set(name, { error, until: Date.now() + FAILURE_MEMORY_MS })
    let bytes = 0
    for (const { error } of ofFile.values()) bytes += bytesOf(error)
    failures.set(`${fileId}`, ofFile, bytes)
  }

  const start = (fileId: number, wanted: Wanted, network: string | undefined): Running => {
    const name = nameOf(wanted)
    const release = share.take(network)
    const abort = new AbortController()
    const result = renderFile(deps, fileId, wanted, abort.signal)
      .catch((error) => {
        // An error caused by the abort is not a failure of the render.
        abort.signal.throwIfAborted()
        if (isLasting(error)) remember(fileId, name, error)
        throw error
      })
      .finally(() => {
        release()
        const ofFile = running.get(fileId)
        ofFile?.delete(name)
        if (ofFile?.size === 0) running.delete(fileId)
      })
    return { result, abort }
  }

  return {
    async render(fileId, wanted, network) {
      const name = nameOf(wanted)
      let render = running.get(fileId)?.get(name)
      if (!render) {
        const failure = findFailure(fileId, name)
        if (failure) throw failure.error
        render = start(fileId, wanted, network)
        const ofFile = running.get(fileId) ?? new Map<string, Running>()
        running.set(fileId, ofFile.set(name, render))
      }
      const image = (await render.result).get(wanted.name)
      if (!image) throw new Error(`The block ${name} lacks the image ${wanted.name}.`)
      return image
    },

    async end(fileId) {
      failures.delete(`${fileId}`)
      const renders = [...(running.get(fileId)?.values() ?? [])]
      for (const { abort } of renders) abort.abort(mediaNotFound('The media item was deleted.'))
      await Promise.allSettled(renders.map(({ result }) => result))
    },

    forgetFailures: (fileId) => failures.delete(`${fileId}`),
  }
}

/** What is rendered at a time has this name. */
const nameOf = ({ name, block }: Wanted): string => block?.name ?? name

/**
 * Counts the renders that each network has started and that have not ended. So one client cannot fill the queue.
 * @param most of one network
 */
function createShare(most: number) {
  const taken = new Map<string, number>()
  return {
    /** @throws AppError 503 "Service busy" if the network has its share already */
    take(network: string | undefined): () => void {
      if (network === undefined) return () => {}
      const count = taken.get(network) ?? 0
      if (count >= most) {
        throw serviceBusy(
          `${most} images that were asked for from this address are being made; try again when they are done.`,
        )
      }
      taken.set(network, count + 1)
      return () => {
        const left = (taken.get(network) ?? 1) - 1
        if (left === 0) taken.delete(network)
        else taken.set(network, left)
      }
    },
  }
}

/** Approximate memory of an error with all its causes. */
function bytesOf(error: unknown): number {
  let bytes = 0
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    bytes += 500 + 2 * (cause.stack?.length ?? 0)
  }
  return bytes
}

/** An overload, or a file that was deleted meanwhile, is not lasting. */
const isLasting = (error: unknown) => !(error instanceof AppError) || error.status === 500
