import type { MediaItem } from '../api/client'

export type UploadState = 'waiting' | 'sending' | 'processing' | 'added' | 'failed' | 'canceled'

/** A file on its way into the library. Immutable: a change creates a new object. */
export interface Upload {
  readonly id: number
  /** Empty if there is a link. */
  readonly file: File
  /** Where the server fetches the file. */
  readonly link: string | undefined
  readonly key: string
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

/** Above this size an upload that broke off goes on where it was. Below, to begin anew costs less than to ask. */
const LARGE_BYTES = 16 * 1024 * 1024

export const isLarge = ({ size }: File): boolean => size > LARGE_BYTES

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
  /** Under which the browser keeps the file over a reload of the page. */
  key?: string | undefined
}

export const newUpload = (id: number, { file, name, tags, link, key }: NewUpload): Upload => ({
  id,
  file,
  link,
  key: key ?? randomKey(),
  name,
  state: 'waiting',
  sent: 0,
  failure: undefined,
  media: undefined,
  tags,
  given: [],
  duplicateOf: undefined,
})

/** Unlike `crypto.randomUUID`, also where the page came over plain HTTP. */
const randomKey = () => crypto.getRandomValues(new Uint32Array(4)).join('-')

export const MAX_NAME_CODE_POINTS = 255

/** The name of a file without its extension, in a form that the server accepts. */
export function nameFromFile(fileName: string): string {
  const text = fileName.replace(/\p{Cc}/gu, ' ').trim()
  const name = text.replace(/\.[^.]+$/, '').trim() || text
  return [...name.toWellFormed()].slice(0, MAX_NAME_CODE_POINTS).join('').trim()
}
