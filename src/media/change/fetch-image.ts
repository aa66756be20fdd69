import { createBudget } from '../../base/budget.ts'
import { parametersInvalid, parametersMissing, quote, serviceBusy } from '../../base/errors.ts'
import { createIncomingFile, type SpooledFile } from '../../http/body/incoming-file.ts'
import { findUrlFault } from '../../http/outgoing/find-url-fault.ts'

/** Images fetched at once. Each holds a connection and a buffer of 256 KiB. */
const MAX_FETCHES = 32
/** Of these, by one account: nobody can fill all of them with slow sources. */
const MAX_FETCHES_OF_ACCOUNT = 8
/** Characters of a URL, and of the member `source` that it becomes. */
const MAX_URL = 2048

/**
 * Reads the parameter `url` of an add.
 * @throws AppError 400: "Required parameters missing" if it is no string or blank, "Invalid parameters" if it is no URL
 *   that may be fetched
 */
export function readUrl(value: unknown): URL {
  if (typeof value !== 'string' || value.trim() === '') {
    throw parametersMissing(`url is ${quote(value)}; it must be the URL of an image.`)
  }
  const url = URL.parse(value.trim())
  if (url === null) {
    throw parametersInvalid(`url is ${quote(value)}; it must be a whole URL: https://…`)
  }
  const fault = findUrlFault(url)
  if (fault !== undefined) throw parametersInvalid(`url ${fault}.`)
  if (url.href.length > MAX_URL) {
    throw parametersInvalid(
      `url has ${url.href.length} characters; at most ${MAX_URL} are allowed.`,
    )
  }
  return url
}

/** The member `source` of an item from a URL: without the query and the fragment, which may hold secrets. */
export const sourceOf = ({ origin, pathname }: URL): string => origin + pathname

/** The last part of the path, as a file name; undefined if there is none. */
export function fileNameOf({ pathname }: URL): string | undefined {
  const last = pathname.slice(pathname.lastIndexOf('/') + 1)
  try {
    return decodeURIComponent(last) || undefined
  } catch {
    return last
  }
}

/** An image from a URL, in a temporary file. */
export interface FetchedImage {
  image: SpooledFile | undefined
  /** Removes the file. */
  discard(): Promise<void>
}

/**
 * Fetches images from URLs, a bounded number at once.
 * @throws AppError like `fetchFile`; 503 if too many are being fetched
 */
export type FetchImage = (url: URL, account: string, signal: AbortSignal) => Promise<FetchedImage>

/** @param allowedHosts see `FetchOptions` */
export function createFetchImage({
  temporaryFile,
  maxImageBytes,
  allowedHosts,
}: {
  temporaryFile: () => string
  maxImageBytes: number
  allowedHosts: readonly string[]
}): FetchImage {
  const slots = createBudget('fetching of URLs', MAX_FETCHES, 0)
  const running = new Map<string, number>()

  return async (url, account, signal) => {
    const own = running.get(account) ?? 0
    if (own >= MAX_FETCHES_OF_ACCOUNT) {
      throw serviceBusy(`This account fetches ${own} images already; try again soon.`)
    }
    const release = await slots.take(1)
    running.set(account, own + 1)
    const file = createIncomingFile(temporaryFile, maxImageBytes)
    try {
      // Loaded when it is wanted: most servers fetch nothing in their first hour.
      const { fetchFile } = await import('../../http/outgoing/fetch-file.ts')
      const failure = 'Error adding media'
      await fetchFile(url, file.write, { maxBytes: maxImageBytes, allowedHosts, failure, signal })
      return { image: await file.finish(), discard: file.discard }
    } catch (error) {
      await file.discard()
      throw error
    } finally {
      release()
      const left = (running.get(account) ?? 1) - 1
      if (left === 0) running.delete(account)
      else running.set(account, left)
    }
  }
}
