import type { FastifyRequest } from 'fastify'
import type { ReadyAnswer } from '../http/answer-at-once.ts'
import type { Query } from '../http/query-parameters.ts'
import { createRecent } from '../recent.ts'
import type { ReadState } from './library-state.ts'
import type { ListQuery } from './list.ts'
import { readListQuery } from './list-query.ts'
import type { ListReader } from './list-reader.ts'
import { hasAlready, unchangedHeaders } from './unchanged.ts'

/** What is kept in memory, in bytes: what many people look at while nothing changes. */
const MAX_BYTES = 16 * 1024 * 1024
/** What an answer costs besides its body and its address, about. */
const OVERHEAD_BYTES = 2000
const NOTHING = Buffer.alloc(0)
const JSON_TYPE = 'application/json; charset=utf-8'

/** An answer without a body is too long for one go: it is to be streamed. */
export interface ListAnswer extends Omit<ReadyAnswer, 'body'> {
  query: ListQuery
  body: Buffer | undefined
}

/** What an address asks for, of one version of the library, and the answer if it is known. */
interface Asked {
  unchanged: ListAnswer & { headers: { etag: string } }
  whole?: ListAnswer
}

/**
 * Answers requests for lists, the same ones from memory while the library is as it was.
 * What it returns throws AppError 400 "Invalid parameters".
 * @param spend see `createSpentBytes`
 */
export function createListAnswers(
  lists: ListReader,
  readState: ReadState,
  spend: (bytes: number) => void,
): (request: FastifyRequest) => Promise<ListAnswer> {
  let version = -1
  let memory = createRecent<Asked>(MAX_BYTES)

  return async (request) => {
    const state = await readState()
    if (state.version !== version) {
      version = state.version
      memory = createRecent(MAX_BYTES)
    }
    // What is read for it may be of a version of which nothing is kept any more by then.
    const kept = memory
    const { url = '' } = request.raw
    const known = kept.get(url)
    const asked = known ?? understand()
    if (hasAlready(request, asked.unchanged.headers)) return asked.unchanged
    if (asked.whole) return asked.whole
    const whole = await read(asked.unchanged)
    // What is asked for once would only fill the memory.
    if (!known) spend(whole.body?.length ?? 0)
    else if (whole.body) {
      const cost = url.length + whole.body.length + OVERHEAD_BYTES
      kept.set(url, { unchanged: asked.unchanged, whole }, cost)
    }
    return whole

    function understand(): Asked {
      const query = readListQuery(request.query as Query)
      const headers = unchangedHeaders(state, query)
      const asked: Asked = { unchanged: { status: 304, headers, query, body: NOTHING } }
      kept.set(url, asked, url.length + OVERHEAD_BYTES)
      return asked
    }

    async function read({ headers, query }: ListAnswer): Promise<ListAnswer> {
      const { summary, body } = await lists.read(query)
      const known = { ...headers, 'x-total-count': summary.total, 'content-type': JSON_TYPE }
      if (body === undefined) return { status: 200, headers: known, query, body }
      return { status: 200, headers: { ...known, 'content-length': body.length }, query, body }
    }
  }
}
