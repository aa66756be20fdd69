import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import createRouter, { type HTTPVersion } from 'find-my-way'
import type { Query } from '../query-parameters.ts'
import { hasBody, limitIdleTime } from './slow-clients.ts'

/*
 * Answers lists and images before Fastify sees the request, if that takes little work. Fastify's own way, with its
 * router, hooks and reply object, takes several times as long as sending bytes that are in memory.
 *
 * What it may answer: a GET without a body and without any header that could change the answer (see
 * `LEFT_TO_FASTIFY`), of a route whose config has a `fastPath` handler, on a host name that is ours or for a route
 * that answers every host. The handler returns the whole answer, from memory or
 * with a few reads, or undefined.
 *
 * Why that is safe:
 *
 * - The answer is the one that the route would send. The handler checks what the route's hooks would check: a list
 *   goes only to a caller whom `authPlugin` admitted to a list before, with the same cookie or token, if nothing was
 *   committed since; an image of public delivery is for everyone.
 * - It is never older than the database: known callers are dropped at every commit of any process, and lists when
 *   the library's version changes.
 * - It carries the same headers as every other answer: security headers, request id, `Vary`, `Connection`.
 * - It is logged and counted like every other answer.
 * - Fastify handles every other case: no handler, an unknown caller, a thrown error, a closing server.
 */

/** Names and values alternating, as `writeHead` takes them fastest. */
export type RawHeaders = readonly string[]

/** A whole answer, without the headers that every answer carries. */
export interface FastAnswer {
  status: 200 | 304
  headers: RawHeaders
  /** Whether the headers include security policies, which then replace the usual ones. */
  hasOwnPolicies?: boolean
  body: Buffer
  /** The caller, for the log. */
  user?: { id: number | string }
}

/** A request that Fastify has not seen. */
export interface PlainRequest {
  raw: IncomingMessage
  response: ServerResponse
  /** Of the route's URL. */
  params: Readonly<Record<string, string | undefined>>
  query: Query
}

type FastHandler = (
  request: PlainRequest,
) => FastAnswer | undefined | Promise<FastAnswer | undefined>

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Returns the answer to a plain GET, exactly as the route would send it, if that takes little work. The handler
     * itself must check the caller and `If-None-Match`. Undefined, and an error, lead to the route itself.
     */
    fastPath?: FastHandler
  }
}

/** An answered request. It is reported when the answer was sent or the client has left. */
export interface SentAnswer {
  id: string
  raw: IncomingMessage
  response: ServerResponse
  /** The route's pattern. */
  route: string
  ms: number
  user: FastAnswer['user']
  /** Whether all of the answer was sent. */
  isWhole: boolean
}

/** Headers that no handler supports. `If-None-Match`, `Cookie` and `Authorization` are the handler's to check. */
const LEFT_TO_FASTIFY = ['range', 'if-match', 'if-range', 'origin', 'expect'] as const

export interface FastPath {
  /** Handles the requests of a server; those that it cannot answer go to `fallback`. */
  handle(fallback: RequestListener): RequestListener
  /** Notes the routes that are added to the instance from now on. */
  observeRoutes(app: FastifyInstance): void
  /** Calls the listener for each answered request. */
  onAnswered(listener: (answered: SentAnswer) => void): void
}

export interface FastPathOptions {
  /** The headers of every answer, with security policies or without. */
  headersOf(request: IncomingMessage, hasOwnPolicies: boolean): RawHeaders
  /** Whether the request's host name is one of ours. */
  isKnownHost(request: IncomingMessage): boolean
  /** The request's id in the log. */
  idOf(request: IncomingMessage): string
  /** The same limit as in Fastify's router. */
  maxParamLength: number
}

export function createFastPath({
  headersOf,
  isKnownHost,
  idOf,
  maxParamLength,
}: FastPathOptions): FastPath {
  // The router library of Fastify, so that both always find the same route.
  const router = createRouter<HTTPVersion.V1>({ maxParamLength })
  const listeners: ((answered: SentAnswer) => void)[] = []
  let outgoing: [PendingAnswer, FastAnswer][] = []
  let closing = false

  /**
   * Sends an answer together with all other answers of this turn of the event loop. Sent one by one, each answer would
   * wake the client or the proxy, which costs more than the answer itself.
   */
  function send(pending: PendingAnswer, answer: FastAnswer): void {
    if (outgoing.push([pending, answer]) === 1) setImmediate(sendAll)
  }

  function sendAll(): void {
    const all = outgoing
    outgoing = []
    for (const [pending, answer] of all) sendNow(pending, answer)
  }

  function sendNow({ id, raw, response, route, began }: PendingAnswer, answer: FastAnswer): void {
    const { user } = answer
    const report = (isWhole: boolean) => {
      const ms = performance.now() - began
      for (const tell of listeners) tell({ id, raw, response, route, user, ms, isWhole })
    }
    if (response.closed) {
      report(false)
      return
    }
    // Keep-alive is the default of HTTP/1.1, so no answer names it.
    response.removeHeader('connection')
    const carried = headersOf(raw, answer.hasOwnPolicies === true)
    const headers = [...carried, 'x-request-id', id, ...answer.headers]
    if (closing) headers.push('connection', 'close')
    response.writeHead(answer.status, headers)
    response.end(answer.body)
    // Usually the system has taken all of it already.
    if (response.writableLength === 0) {
      report(true)
      return
    }
    limitIdleTime(raw)
    response.once('close', () => report(response.writableFinished))
  }

  return {
    handle: (fallback) => (raw, response) => {
      const found = closing || !isPlain(raw) ? null : router.find('GET', raw.url ?? '')
      const { fastPath, anyHost, url: route } = (found?.store ?? {}) as Route
      if (!found || !fastPath || !(anyHost || isKnownHost(raw))) return fallback(raw, response)
      const began = performance.now()
      const { params, searchParams: query } = found
      let answer: ReturnType<FastHandler>
      try {
        answer = fastPath({ raw, response, params, query })
      } catch {
        answer = undefined
      }
      if (answer === undefined) return fallback(raw, response)
      const pending = { id: idOf(raw), raw, response, route, began }
      if (!(answer instanceof Promise)) return send(pending, answer)
      answer
        .catch(() => undefined)
        .then((ready) => (ready ? send(pending, ready) : fallback(raw, response)))
    },

    observeRoutes(app) {
      app.addHook('preClose', async () => {
        closing = true
      })
      // Also routes without `fastPath`. Otherwise their URLs would match a wider pattern that has one.
      app.addHook('onRoute', ({ method, url, config }) => {
        if ([method].flat().includes('GET')) {
          const { fastPath, anyHost } = config ?? {}
          router.on('GET', url, () => {}, { url, fastPath, anyHost } satisfies Route)
        }
      })
    },

    onAnswered(listener) {
      listeners.push(listener)
    },
  }
}

interface Route {
  url: string
  fastPath: FastHandler | undefined
  anyHost: boolean | undefined
}

type PendingAnswer = Pick<SentAnswer, 'id' | 'raw' | 'response' | 'route'> & {
  /** Milliseconds, on the clock of `performance.now`. */
  began: number
}

export const toRawHeaders = (headers: Readonly<Record<string, string | number>>): string[] =>
  Object.entries(headers).flatMap(([name, value]) => [name, String(value)])

const isPlain = (request: IncomingMessage): boolean =>
  request.method === 'GET' &&
  request.headers.host !== undefined &&
  LEFT_TO_FASTIFY.every((name) => request.headers[name] === undefined) &&
  !hasBody(request)
