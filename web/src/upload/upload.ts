import type { MediaItem } from '../api/client'

export type UploadState = 'waiting' | 'sending' | 'processing' | 'added' | 'failed' | 'canceled'

/** A file on its way into the library. Never changed: a change makes another object. */
export interface Upload {
  readonly id: number
  readonly file: File
  /** What the item will be called, as it was typed. */
  readonly name: string
  readonly state: UploadState
  /** Bytes of the file that have left. */
  readonly sent: number
  readonly failure: Failure | undefined
  /** The item it has become. */
  readonly media: MediaItem | undefined
  /** Tags of its own: the names of its folders. */
  readonly tags: readonly string[]
  /** Of the tags for all, those that it has been given. */
  readonly given: readonly string[]
  /** The oldest item that shows the same bytes. */
  readonly duplicateOf: number | undefined
}

/** Why it failed: a kind that the page has words for, or the server's own. */
export type Failure =
  | { kind: 'refused'; detail: string; isFinal: boolean }
  | { kind: 'empty' | 'unreadable' | 'too-large' | 'unreachable' | 'server-fault' }

export const isRunning = ({ state }: Upload) => state === 'sending' || state === 'processing'
export const isOver = ({ state }: Upload) =>
  state === 'added' || state === 'failed' || state === 'canceled'

/** Whether it failed for good: sent again as it is, it would fail again. */
export const isHopeless = ({ state, failure }: Upload): boolean =>
  state === 'failed' &&
  (failure?.kind === 'refused'
    ? failure.isFinal
    : failure?.kind === 'empty' || failure?.kind === 'unreadable' || failure?.kind === 'too-large')

export interface NewUpload {
  file: File
  name: string
  tags: readonly string[]
}

export const newUpload = (id: number, { file, name, tags }: NewUpload): Upload => ({
  id,
  file,
  name,
  state: 'waiting',
  sent: 0,
  failure: undefined,
  media: undefined,
  tags,
  given: [],
  duplicateOf: undefined,
})

export const MAX_NAME_CODE_POINTS = 255

/** The name of a file without its extension, such as the server takes. */
export function nameFromFile(fileName: string): string {
  const text = fileName.replace(/\p{Cc}/gu, ' ').trim()
  const name = text.replace(/\.[^.]+$/, '').trim() || text
  return [...name.toWellFormed()].slice(0, MAX_NAME_CODE_POINTS).join('').trim()
}
