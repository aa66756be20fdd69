import { at } from '../api/base'
import { ApiError } from '../api/client'
import type { BulkAction, BulkTarget } from './bulk'

/** A line of the answer, each with counts of the whole request; only the last one has `code`. */
export interface BulkLine {
  /** Items of which the work succeeded. */
  done: number
  failures: number
  total?: number
  code?: number
  data?: string
  detail?: string
  failed?: { id: number; name?: string; data: string; code: number; detail?: string }[]
}

/**
 * Sends one request and reads its answer as it comes, which the generated client cannot.
 * @returns the last line
 * @throws ApiError if it was refused; TypeError if the answer was cut off
 */
export async function sendBulk(
  action: BulkAction,
  target: BulkTarget,
  signal: AbortSignal,
  onLine: (line: BulkLine) => void,
): Promise<BulkLine> {
  const { kind, ...change } = action
  const response = await fetch(at(`/media/bulk/${kind}`), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...target, ...change }),
    signal,
  })
  if (!response.ok || !response.body) {
    const body = await response.json().catch(() => ({}))
    throw new ApiError(response.status, body.data ?? response.statusText, body.detail)
  }
  for await (const text of readLines(response.body)) {
    const line: BulkLine = JSON.parse(text)
    onLine(line)
    if (line.code !== undefined) return line
  }
  throw new TypeError('The answer ended before its last line.')
}

async function* readLines(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  // Safari iterates no stream.
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
