import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import createRouter, { type HTTPVersion } from 'find-my-way'
import type { Query } from '../query-parameters.ts'
import { hasBody, hurryReader } from './stalled-clients.ts'

/** Names and values in turn, as Node takes them at once: an object it would look through twice. */
export type HeadersInTurn = readonly string[]

/** A whole answer, beside what every answer carries. */
export interface ReadyAnswer {
  status: 200 | 304
  headers: HeadersInTurn
  /** Whether they hold the policies of what may be done with it, in place of those of every answer. */
  hasOwnPolicies?: boolean
  body: Buffer
  /** Who is answered, for the log. */
  user?: { id: number | string }
}

/** A request that Fastify has not seen yet. */
export interface PlainRequest {
  raw: IncomingMessage
  response: ServerResponse
  /** Of the route's URL, and of the query. */
  params: Readonly<Record<string, string | undefined>>
  query: Query
}

type AnswerAtOnce = (
  request: PlainRequest,
) => ReadyAnswer | undefined | Promise<ReadyAnswer | undefined>

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * The answer to a plain GET, if it is there with little work, and exactly what the route would
     * send to whoever asks: nobody has been identified yet. `If-None-Match` is for the route to look
     * at. It goes out ahead of Fastify; undefined takes the usual way, and so does what is thrown.
     */
    atOnce?: AnswerAtOnce
  }
}

/** A request that was answered at once, when its answer has been sent, or the client has gone. */
export interface AnsweredAtOnce {
  id: string
  raw: IncomingMessage
  response: ServerResponse
  /** The pattern. */
  route: string
  ms: number
  user: ReadyAnswer['user']
  /** Whether all of the answer was sent. */
  isWhole: boolean
}

/** With one of these the answer may be another one. */
const CONDITIONS = ['range', 'if-match', 'if-range', 'origin', 'expect'] as const

/**
 * Lets routes answer at once. Fastify's own way, with all hooks, takes several times as long as
 * sending what is in memory does.
 */
export interface AtOnce {
  /** What takes the requests of a server: it hands on those that are not answered at once. */
  ahead(usual: RequestListener): RequestListener
  /** Takes in the routes that are added to the instance from now on. */
  learn(app: FastifyInstance): void
  /** Tells of each request that was answered at once. */
  watch(tell: (answered: AnsweredAtOnce) => void): void
}

export interface AtOnceOptions {
  /** What every answer to a request carries, with the policies or without. */
  headersOf(request: IncomingMessage, hasOwnPolicies: boolean): HeadersInTurn
  /** Whether the name that a request came by is one of ours. */
  isKnownHost(request: IncomingMessage): boolean
  /** The request's name in the log. */
  idOf(request: IncomingMessage): string
  /** As Fastify's router has it. */
  maxParamLength: number
}

export function createAtOnce({
  headersOf,
  isKnownHost,
  idOf,
  maxParamLength,
}: AtOnceOptions): AtOnce {
  // The library that Fastify finds its routes with, so that it is always the same one.
  const router = createRouter<HTTPVersion.V1>({ maxParamLength })
  const watchers: ((answered: AnsweredAtOnce) => void)[] = []
  let outgoing: [Asked, ReadyAnswer][] = []
  let closing = false

  /**
   * Has an answer sent with all others of this turn of the event loop. One by one each would wake its
   * client, or the proxy that all come through, for it to find nothing else and sleep again: that costs
   * more than the answer.
   */
  function send(asked: Asked, answer: ReadyAnswer): void {
    if (outgoing.push([asked, answer]) === 1) setImmediate(sendAll)
  }

  function sendAll(): void {
    const all = outgoing
    outgoing = []
    for (const [asked, answer] of all) sendNow(asked, answer)
  }

  function sendNow({ id, raw, response, route, began }: Asked, answer: ReadyAnswer): void {
    const { user } = answer
    const tell = (isWhole: boolean) => {
      const ms = performance.now() - began
      for (const watcher of watchers) watcher({ id, raw, response, route, user, ms, isWhole })
    }
    if (response.closed) {
      tell(false)
      return
    }
    // As all other answers, which say nothing of what goes without saying.
    response.removeHeader('connection')
    const carried = headersOf(raw, answer.hasOwnPolicies === true)
    const headers = [...carried, 'x-request-id', id, ...answer.headers]
    if (closing) headers.push('connection', 'close')
    response.writeHead(answer.status, headers)
    response.end(answer.body)
    // The system has all of it, mostly, and nobody needs to wait until that is said.
    if (response.writableLength === 0) {
      tell(true)
      return
    }
    hurryReader(raw)
    response.once('close', () => tell(response.writableFinished))
  }

  return {
    ahead: (usual) => (raw, response) => {
      const found = closing || !isPlain(raw) ? null : router.find('GET', raw.url ?? '')
      const { atOnce, anyHost, url: route } = (found?.store ?? {}) as Route
      if (!found || !atOnce || !(anyHost || isKnownHost(raw))) return usual(raw, response)
      const began = performance.now()
      const { params, searchParams: query } = found
      let answer: ReturnType<AnswerAtOnce>
      try {
        answer = atOnce({ raw, response, params, query })
      } catch {
        answer = undefined
      }
      if (answer === undefined) return usual(raw, response)
      const asked = { id: idOf(raw), raw, response, route, began }
      if (!(answer instanceof Promise)) return send(asked, answer)
      answer
        .catch(() => undefined)
        .then((ready) => (ready ? send(asked, ready) : usual(raw, response)))
    },

    learn(app) {
      app.addHook('preClose', async () => {
        closing = true
      })
      // Others too, so that none of them is taken for one that answers at once.
      app.addHook('onRoute', ({ method, url, config }) => {
        if ([method].flat().includes('GET')) {
          const { atOnce, anyHost } = config ?? {}
          router.on('GET', url, () => {}, { url, atOnce, anyHost } satisfies Route)
        }
      })
    },

    watch(tell) {
      watchers.push(tell)
    },
  }
}

interface Route {
  url: string
  atOnce: AnswerAtOnce | undefined
  anyHost: boolean | undefined
}

type Asked = Pick<AnsweredAtOnce, 'id' | 'raw' | 'response' | 'route'> & {
  /** Milliseconds, on the clock of `performance.now`. */
  began: number
}

/** See `HeadersInTurn`. */
export const inTurn = (headers: Readonly<Record<string, string | number>>): string[] =>
  Object.entries(headers).flatMap(([name, value]) => [name, String(value)])

const isPlain = (request: IncomingMessage): boolean =>
  request.method === 'GET' &&
  request.headers.host !== undefined &&
  CONDITIONS.every((name) => request.headers[name] === undefined) &&
  !hasBody(request)
