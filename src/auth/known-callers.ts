import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { createRecent } from '../base/recent.ts'
import type { Database } from '../database/database.ts'
import type { User } from './identify.ts'

/** Some thousand callers: more than ask for lists at a time. Cookies may have 16 KiB. */
const MAX_BYTES = 2 * 1024 * 1024
/** Of a user with all permissions, about. */
const CALLER_BYTES = 1000

interface Caller {
  user: User
  /** Milliseconds since 1970. */
  until: number
}

export interface KnownCallers {
  /**
   * Who makes a request, if one like it was let through before; undefined has to be found out.
   * @param now the database's state, as it was told since the request came
   */
  recall(request: IncomingMessage, now: number | undefined): User | undefined
  /** Remembers who makes a request that the route has been let through. */
  remember(request: FastifyRequest): void
}

/**
 * Knows who is let through to a route by the same cookies as before, as long as nothing at all has
 * changed in the database since, the session neither, and not for longer than the session would be
 * found the same.
 */
export function createKnownCallers({ changes }: Pick<Database, 'changes'>): KnownCallers {
  /** The database's state when a request came, before anything was read for it. */
  const states = new WeakMap<IncomingMessage, number>()
  const callers = createRecent<Caller>(MAX_BYTES)
  let state: number | undefined

  return {
    recall(request, now) {
      const { authorization, cookie } = request.headers
      if (authorization !== undefined || cookie === undefined) return undefined
      if (now === undefined) return undefined
      if (now !== state) {
        callers.clear()
        state = now
      }
      const caller = callers.peek(cookie)
      if (caller !== undefined && caller.until > Date.now()) return caller.user
      states.set(request, now)
      return undefined
    },

    remember(request) {
      const { user } = request
      const { cookie } = request.headers
      const until = user !== null && 'sameUntil' in user ? user.sameUntil : undefined
      const came = states.get(request.raw)
      if (user === null || cookie === undefined || until === undefined || came === undefined) return
      // What is asked for is read later than the state was told, and so never older than that.
      if (came !== state || came !== (changes() ?? came)) return
      callers.set(cookie, { user, until }, CALLER_BYTES)
    },
  }
}
