import type { IncomingMessage } from 'node:http'
import { createCacheUse, createRecent } from '../../base/recent.ts'
import { type HeadersInTurn, inTurn, type ReadyAnswer } from '../../http/answer/answer-at-once.ts'
import type { Query } from '../../http/query-parameters.ts'
import type { ItemAddresses } from '../base-path.ts'
import type { LibraryState, ReadState } from '../library-state.ts'
import type { ListQuery } from './list.ts'
import { readListQuery } from './list-query.ts'
import type { ListReader } from './list-reader.ts'
import { hasAlready, unchangedHeaders } from './unchanged.ts'

/** What is kept in memory, in bytes: what many people look at while nothing changes. */
const MAX_BYTES = 16 * 1024 * 1024
/** Of addresses of which it is known that they were asked for: some 10,000 as people have them. */
const MAX_SEEN_BYTES = 2 * 1024 * 1024
/** What an answer costs besides its body and its address, about. */
const OVERHEAD_BYTES = 2000
const NOTHING = Buffer.alloc(0)
const JSON_TYPE = 'application/json; charset=utf-8'

/** An answer without a body is too long for one go: it is to be streamed. */
export interface ListAnswer {
  status: ReadyAnswer['status']
  headers: Readonly<Record<string, string | number>>
  /** The same, for who sends it at once. */
  ready: HeadersInTurn
  query: ListQuery
  body: Buffer | undefined
}

/** What an address asks for, of one version of the library, and the answer if it is known. */
interface Asked {
  unchanged: ListAnswer & { headers: { etag: string } }
  whole?: ListAnswer
}

/**
 * Answers requests for lists, the same ones from memory while the library is as it was, and then
 * without a promise. What it returns throws AppError 400 "Invalid parameters", and takes for `now` what
 * `ReadState` does.
 * @param spend see `createSpentBytes`
 * @param use counts those that took no reading of items as hits
 */
export function createListAnswers(
  lists: ListReader,
  readState: ReadState,
  { inJson }: ItemAddresses,
  spend: (bytes: number) => void,
  use = createCacheUse(),
): (request: IncomingMessage, query: Query, now?: number) => ListAnswer | Promise<ListAnswer> {
  let version = -1
  let memory = createRecent<Asked>(MAX_BYTES)
  let seen = createRecent<true>(MAX_SEEN_BYTES)

  return (request, given, now) => {
    const state = readState(now)
    return state instanceof Promise
      ? state.then((state) => answer(request, given, state))
      : answer(request, given, state)
  }

  function answer(request: IncomingMessage, given: Query, state: LibraryState) {
    if (state.version !== version) {
      version = state.version
      memory = createRecent(MAX_BYTES)
      seen = createRecent(MAX_SEEN_BYTES)
    }
    // What is read for it may be of a version of which nothing is kept any more by then.
    const kept = memory
    const { url = '' } = request
    const known = kept.get(url)
    // What is asked for once would only fill the memory, and give the collector work.
    const isAgain = known !== undefined || seen.get(url) === true
    const asked = known ?? understand()
    const there = hasAlready(request, asked.unchanged.headers) ? asked.unchanged : asked.whole
    if (there) {
      use.hits++
      return there
    }
    use.misses++
    return read(asked.unchanged)

    function understand(): Asked {
      const query = readListQuery(given)
      const headers = unchangedHeaders(state, query)
      const unchanged = {
        status: 304 as const,
        headers,
        ready: inTurn(headers),
        query,
        body: NOTHING,
      }
      const asked: Asked = { unchanged }
      if (isAgain) kept.set(url, asked, OVERHEAD_BYTES)
      else seen.set(url, true, 0)
      return asked
    }

    async function read(unchanged: Asked['unchanged']): Promise<ListAnswer> {
      const { query } = unchanged
      const { summary, body: read } = await lists.read(query, state.version)
      const body = read && inJson(read)
      const headers = {
        ...unchanged.headers,
        'x-total-count': summary.total,
        'content-type': JSON_TYPE,
        ...(body && { 'content-length': body.length }),
      }
      const whole: ListAnswer = { status: 200, headers, ready: inTurn(headers), query, body }
      if (!isAgain) spend(body?.length ?? 0)
      else if (body) kept.set(url, { unchanged, whole }, body.length + OVERHEAD_BYTES)
      return whole
    }
  }
}
