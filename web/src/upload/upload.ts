import type { MediaItem } from '../api/client'

export type UploadState = 'waiting' | 'sending' | 'processing' | 'added' | 'failed' | 'canceled'

/** A file on its way into the library. Immutable: a change creates a new object. */
export interface Upload {
  readonly id: number
  /** Empty if there is a link. */
  readonly file: File
  /** Where the server fetches the file. */
  readonly link: string | undefined
  /** Name of the future item, as typed. */
  readonly name: string
  readonly state: UploadState
  /** Bytes of the file that have been sent. */
  readonly sent: number
  readonly failure: Failure | undefined
  /** The item that was created from the file. */
  readonly media: MediaItem | undefined
  /** Its own tags: the names of its folders. */
  readonly tags: readonly string[]
  /** The tags for all that it has got. */
  readonly given: readonly string[]
  /** Id of the oldest item with the same bytes. */
  readonly duplicateOf: number | undefined
}

/** Why an upload failed: the detail of the server, or a kind for which the page has a text. */
export type Failure =
  | { kind: 'refused'; detail: string; isFinal: boolean }
  | { kind: 'empty' | 'unreadable' | 'too-large' | 'unreachable' | 'server-fault' }

export const isRunning = ({ state }: Upload) => state === 'sending' || state === 'processing'
export const isOver = ({ state }: Upload) =>
  state === 'added' || state === 'failed' || state === 'canceled'

/** Whether an upload failed permanently: the same file would fail again. */
export const isHopeless = ({ state, failure }: Upload): boolean =>
  state === 'failed' &&
  (failure?.kind === 'refused'
    ? failure.isFinal
    : failure?.kind === 'empty' || failure?.kind === 'unreadable' || failure?.kind === 'too-large')

export interface NewUpload {
  file: File
  name: string
  tags: readonly string[]
  link?: string | undefined
}

export const newUpload = (id: number, { file, name, tags, link }: NewUpload): Upload => ({
  id,
  file,
  link,
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

/** The name of a file without its extension, in a form that the server accepts. */
export function nameFromFile(fileName: string): string {
  const text = fileName.replace(/\p{Cc}/gu, ' ').trim()
  const name = text.replace(/\.[^.]+$/, '').trim() || text
  return [...name.toWellFormed()].slice(0, MAX_NAME_CODE_POINTS).join('').trim()
}
