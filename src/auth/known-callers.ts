import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { createRecent } from '../base/recent.ts'
import type { Database } from '../database/database.ts'
import type { User } from './identify.ts'

/** Room for some thousand callers, more than request lists at the same time. A cookie may have 16 KiB. */
const MAX_BYTES = 2 * 1024 * 1024
/** Approximate size of a user with all permissions. */
const CALLER_BYTES = 1000

interface Caller {
  user: User
  /** Milliseconds since 1970. */
  until: number
}

export interface KnownCallers {
  /**
   * The user of a request, if one with the same cookies was let through before. If undefined, the user must be
   * identified in the usual way.
   * @param now change token of the database, read after the request arrived
   */
  recall(request: IncomingMessage, now: number | undefined): User | undefined
  /** Remembers the user of a request that was let through to its route. */
  remember(request: FastifyRequest): void
}

/**
 * Remembers which user was let through with which cookies. An entry is dropped as soon as anything changes in the
 * database, the session included. It also ends at `reusableUntil`, up to which a session lookup finds the same user.
 */
export function createKnownCallers({ changeToken }: Pick<Database, 'changeToken'>): KnownCallers {
  /** The database's change token when a request arrived, before anything was read for it. */
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
      const until = user !== null && 'reusableUntil' in user ? user.reusableUntil : undefined
      const before = states.get(request.raw)
      if (user === null || cookie === undefined || until === undefined || before === undefined)
        return
      // The user was read after `before`, so it is never older. If the state has changed since, it may be newer.
      if (before !== state || before !== (changeToken() ?? before)) return
      callers.set(cookie, { user, until }, CALLER_BYTES)
    },
  }
}
