import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Database } from '../database/database.ts'
import type { ReadyAnswer } from '../http/answer-at-once.ts'
import { createRecent, type Recent } from '../recent.ts'

/** In bytes: what many people look at again and again while nothing changes. */
const MAX_BYTES = 16 * 1024 * 1024
/** What an answer costs besides its body and what it is found by, about. */
const OVERHEAD_BYTES = 2000
/** Every answer has these anew. */
const PASSING_HEADERS = ['x-request-id', 'connection', 'date']

interface Remembered extends ReadyAnswer {
  user: FastifyRequest['user']
  /** Milliseconds since 1970. */
  until: number
}

export interface RepeatedAnswers {
  /** For the route's `atOnce`. */
  recall(request: FastifyRequest): ReadyAnswer | undefined
  /** Remembers what the request is about to be answered with. */
  remember(request: FastifyRequest, reply: FastifyReply, body: Buffer): void
}

/**
 * Answers a request like one before at once, as long as nothing at all has changed in the database
 * since that one came, its session neither: only for the same address and the same cookie, and not
 * for longer than the session would be found the same.
 */
export function createRepeatedAnswers({ changes }: Pick<Database, 'changes'>): RepeatedAnswers {
  /** The database's state when a request came, before anything was read for it. */
  const states = new WeakMap<FastifyRequest, number>()
  let state: number | undefined
  let answers: Recent<Remembered> = createRecent(MAX_BYTES)

  return {
    recall(request) {
      const { authorization } = request.headers
      if (authorization !== undefined) return undefined
      const now = changes()
      if (now === undefined) return undefined
      states.set(request, now)
      if (now !== state) {
        state = now
        answers = createRecent(MAX_BYTES)
        return undefined
      }
      const answer = answers.get(keyOf(request))
      if (answer === undefined || answer.until <= Date.now()) return undefined
      // For the log.
      request.user = answer.user
      return answer
    },

    remember(request, reply, body) {
      const { user } = request
      const until = user !== null && 'sameUntil' in user ? user.sameUntil : undefined
      const came = states.get(request)
      if (until === undefined || came === undefined) return
      if (came !== state || came !== changes()) return
      const headers = Object.fromEntries(
        Object.entries(reply.getHeaders()).filter(([name]) => !PASSING_HEADERS.includes(name)),
      ) as ReadyAnswer['headers']
      const status = reply.statusCode === 304 ? 304 : 200
      const sized = status === 304 ? headers : { ...headers, 'content-length': body.length }
      const answer = { status, headers: sized, body, user, until } as const
      const key = keyOf(request)
      // Addresses and cookies may be as long as all headers together.
      answers.set(key, answer, body.length + key.length + OVERHEAD_BYTES)
    },
  }
}

const keyOf = ({ raw }: FastifyRequest) =>
  `${raw.url}\n${raw.headers.cookie}\n${raw.headers['if-none-match']}`
