import { at } from '../api/base'
import type { MediaItem } from '../api/client'

export type Outcome =
  | { kind: 'added'; media: MediaItem; duplicateOf: number | undefined }
  /** `isFinal` is true if the same file would be refused again. */
  | { kind: 'refused'; detail: string | undefined; isFinal: boolean }
  /** Refused by a proxy in front of the server, without a detail from the server. */
  | { kind: 'too-large' }
  | { kind: 'session-over' }
  | { kind: 'busy'; seconds: number }
  | { kind: 'unreachable' }
  | { kind: 'aborted' }

export interface SendOptions {
  file: File
  /** Where the server fetches the file, instead. */
  link?: string | undefined
  name: string
  tags: readonly string[]
  /** @param share part of the file that has been sent, 0 to 1 */
  onProgress: (share: number) => void
  signal: AbortSignal
}

interface Answer {
  data?: string
  detail?: string
  media?: MediaItem
  duplicates?: number[]
  error?: string
}

/** Adds one file to the library. Never rejects. `fetch` cannot report the progress of an upload. */
export function sendUpload({ file, link, name, tags, onProgress, signal }: SendOptions) {
  return new Promise<Outcome>((resolve) => {
    const form = new FormData()
    form.append('name', name)
    form.append('tags', tags.length > 0 ? tags.join(',') : '[]')
    form.append('keywords', 'true')
    if (link === undefined) form.append('image', file)
    else form.append('url', link)

    const request = new XMLHttpRequest()
    request.open('POST', at('/media/add'))
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0)
    request.upload.onload = () => onProgress(1)
    request.onabort = () => resolve({ kind: 'aborted' })
    request.onerror = () => resolve({ kind: 'unreachable' })
    request.onload = () => {
      const { status, response } = request
      resolve(readOutcome(status, response, request.getResponseHeader('retry-after')))
    }
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(form)
  })
}

/** @param body of the answer, parsed. A proxy may send one of any form */
export function readOutcome(status: number, body: unknown, retryAfter: string | null): Outcome {
  const answer: Answer = typeof body === 'object' ? (body ?? {}) : {}
  if (status === 200 && answer.media) {
    return { kind: 'added', media: answer.media, duplicateOf: answer.duplicates?.[0] }
  }
  if (status === 401) return { kind: 'session-over' }
  if ((status === 503 || status === 429) && retryAfter !== null) {
    return { kind: 'busy', seconds: readRetryAfter(retryAfter, Date.now()) }
  }
  const detail = answer.detail ?? answer.data
  return status === 413 && !detail
    ? { kind: 'too-large' }
    : { kind: 'refused', detail, isFinal: isFinal(status, answer) }
}

/** Only a refusal of the file itself is final: permissions can change, and faults can pass. */
const isFinal = (status: number, { error }: Answer) =>
  error === 'image-refused' || [400, 409, 413, 415].includes(status)

const MAX_WAIT_SECONDS = 120

/**
 * Seconds to wait, from the number or the date in a `Retry-After` header (RFC 9110, section 10.2.3). At
 * least one, and at most `MAX_WAIT_SECONDS`, since a user is watching.
 */
export function readRetryAfter(value: string, now: number): number {
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - now) / 1000
  return Number.isNaN(seconds) ? 5 : Math.min(Math.max(Math.ceil(seconds), 1), MAX_WAIT_SECONDS)
}
