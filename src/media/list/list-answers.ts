import type { IncomingMessage } from 'node:http'
import { createCacheUse, createRecent } from '../../base/recent.ts'
import { type FastAnswer, type RawHeaders, toRawHeaders } from '../../http/answer/fast-path.ts'
import { type Query, readInteger, readText } from '../../http/query-parameters.ts'
import { readFilter } from '../filter/read-filter.ts'
import type { ItemAddresses } from '../item.ts'
import {
  hasAlready,
  type LibraryState,
  type ReadState,
  unchangedHeaders,
} from '../library-state.ts'
import { readOrder } from '../order/read-order.ts'
import type { ListQuery } from './list.ts'
import type { ListReader } from './list-reader.ts'
import { parseSearch } from './search.ts'

/** Memory for answers: for lists that many people look at while nothing changes. */
const MAX_BYTES = 16 * 1024 * 1024
/** Memory for URLs that were requested once: about 10,000 of the usual length. */
const MAX_SEEN_BYTES = 2 * 1024 * 1024
/** Estimated size of an answer besides its body and its URL. */
const OVERHEAD_BYTES = 2000
const NOTHING = Buffer.alloc(0)
const JSON_TYPE = 'application/json; charset=utf-8'

/** An answer without a body is too long to be built at once, and must be streamed. */
export interface ListAnswer {
  status: FastAnswer['status']
  headers: Readonly<Record<string, string | number>>
  /** The same headers, for the fast path. */
  ready: RawHeaders
  query: ListQuery
  body: Buffer | undefined
}

/** What a URL asks for, in one version of the library, and the answer if it is known. */
interface Asked {
  unchanged: ListAnswer & { headers: { etag: string } }
  whole?: ListAnswer
}

/**
 * Answers requests for lists. Repeated requests are answered from memory while the library does not change,
 * and without a promise.
 * @param countUsed see `createBufferFreer`
 * @param use counts an answer as a hit if no items were read for it
 * @returns a function that throws AppError 400 "Invalid parameters"; its `now` is that of `ReadState`
 */
export function createListAnswers(
  lists: ListReader,
  readState: ReadState,
  { inJson }: ItemAddresses,
  countUsed: (bytes: number) => void,
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
    // The version may change while an answer is read. That answer goes into the old memory, which is not used
    // any more.
    const kept = memory
    const { url = '' } = request
    const known = kept.get(url)
    // An answer that is requested only once would fill the memory, and cost garbage collection, for nothing.
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
        ready: toRawHeaders(headers),
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
      const whole: ListAnswer = { status: 200, headers, ready: toRawHeaders(headers), query, body }
      if (!isAgain) countUsed(body?.length ?? 0)
      else if (body) kept.set(url, { unchanged, whole }, body.length + OVERHEAD_BYTES)
      return whole
    }
  }
}

/**
 * The parameters of a list, from the query of a URL.
 * @throws AppError 400 "Invalid parameters", naming the parameter
 */
export function readListQuery(query: Query): ListQuery {
  const filter = readFilter(query)
  return {
    ...(filter && { filter }),
    order: readOrder(query, filter),
    limit: readInteger(query, 'limit', { fallback: Number.MAX_SAFE_INTEGER, min: 1 }),
    offset: readInteger(query, 'offset', { fallback: 0, min: 0 }),
    terms: parseSearch(readText(query, 'search') ?? ''),
  }
}
