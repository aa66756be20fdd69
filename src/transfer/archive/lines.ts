import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { heard } from '../../base/heard.ts'
import type { Row } from '../tables.ts'

const ROWS_AT_ONCE = 500
/** Characters that are buffered before a write. */
const WRITTEN_AT_ONCE = 64 * 1024

/** A file that is written line by line. */
export interface LineWriter {
  readonly path: string
  /** @param text whole lines */
  write(text: string): Promise<void>
  close(): Promise<void>
}

export function writeLines(path: string): LineWriter {
  const stream = heard(createWriteStream(path, { mode: 0o600 }))
  let failure: Error | undefined
  let waiting = ''
  stream.on('error', (error) => {
    failure = error
  })
  async function flush() {
    if (failure) throw failure
    const text = waiting
    waiting = ''
    if (text !== '' && !stream.write(text)) await once(stream, 'drain')
  }
  return {
    path,
    async write(text) {
      waiting += text
      if (waiting.length >= WRITTEN_AT_ONCE) await flush()
      else if (failure) throw failure
    },
    async close() {
      await flush()
      stream.end()
      await once(stream, 'close')
      if (failure) throw failure
    },
  }
}

/** One line of JSON for each row. */
export const toLines = (rows: readonly unknown[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join('')

/** Reads the rows of `toLines` from a file, in batches. */
export async function* readRowLines<T = Row>(
  path: string,
  limit = ROWS_AT_ONCE,
): AsyncGenerator<T[]> {
  let rows: T[] = []
  for await (const line of readLines(path)) {
    rows.push(JSON.parse(line))
    if (rows.length < limit) continue
    yield rows
    rows = []
  }
  if (rows.length > 0) yield rows
}

/** Not with `readline`, which also ends lines at U+2028 and U+2029. JSON does not escape these. */
async function* readLines(path: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of heard(createReadStream(path, 'utf8'))) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
