import { at } from '../api/base'
import { ApiError } from '../api/client'

/** The change of each selected item. */
export type BulkAction =
  | { kind: 'delete' | 'trash' | 'restore' }
  | { kind: 'tags'; add: string[]; remove: string[] }
  | { kind: 'collections'; add: number[]; remove: number[] }

/** The items of one request: ids, or the matches of a search and filters up to the id `until`. */
export type BulkTarget =
  | { ids: number[] }
  | { search: string; filters: Readonly<Record<string, string>>; until: number; except: number[] }

/** A line of the response, with the counts so far in this request. Only the last line has `code`. */
export interface BulkLine {
  /** Items that were changed successfully. */
  done: number
  failures: number
  total?: number
  code?: number
  data?: string
  detail?: string
  failed?: { id: number; name?: string; data: string; code: number; detail?: string }[]
}

/**
 * Sends one bulk request and reads its response line by line. The generated client cannot read a stream.
 * @returns the last line
 * @throws ApiError if the server refused it; TypeError if the response was cut off
 */
export async function sendBulk(
  action: BulkAction,
  target: BulkTarget,
  signal: AbortSignal,
  onLine: (line: BulkLine) => void,
): Promise<BulkLine> {
  const { kind, ...change } = action
  const { filters, ...chosen } = { filters: {}, ...target }
  const response = await fetch(at(`/media/bulk/${kind}`), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...chosen, ...filters, ...change }),
    signal,
  })
  if (!response.ok || !response.body) {
    const body = await response.json().catch(() => ({}))
    throw new ApiError(response.status, body.data ?? response.statusText, body)
  }
  for await (const text of readLines(response.body)) {
    const line: BulkLine = JSON.parse(text)
    onLine(line)
    if (line.code !== undefined) return line
  }
  throw new TypeError('The answer ended before its last line.')
}

async function* readLines(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  // Safari does not support iterating over a stream.
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
