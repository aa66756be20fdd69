import { setImmediate as afterAnswers, setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Transaction } from 'kysely'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

/** The most records that wait at once. Each is an update or an audit row; together about a megabyte. */
const MOST_WAITING = 1000
/** How long nothing is tried after a failure: on a full disk each attempt costs time, and none succeeds. */
const QUIET_MS = 1000
/** The log reports a failure at most this often, even if attempts alternately fail and succeed. */
const TELL_AGAIN_MS = 60_000
/** How long `attempt` waits for a result. */
const PATIENCE_MS = 3000

type Work<T> = (transaction: Transaction<Tables>) => Promise<T>

/**
 * Writes records beside the answer to a request. Each is tried once, and dropped if the database is locked,
 * full, read-only or away. No request fails because of a record, and none waits for one that is added.
 */
export interface Recorder {
  /** @param key a later record with the same key replaces one that still waits */
  add(key: string, work: Work<void>): void
  /**
   * Writes something whose result goes into the answer, if that is possible soon.
   * @returns undefined if it is not; it may have been written all the same
   */
  attempt<T>(work: Work<T>): Promise<T | undefined>
  /** Resolves when no record waits any more. */
  settled(): Promise<void>
}

/** The recorders of a server. */
export interface Recorders {
  /** When sessions and personal tokens were last used. */
  uses: Recorder
  /** Audit entries without a change. The entry for a change is written in the transaction of the change. */
  trail: Recorder
  settled(): Promise<void>
}

export function createRecorders(
  database: Pick<Database, 'record'>,
  log: Pick<FastifyBaseLogger, 'warn' | 'info'>,
): Recorders {
  const uses = createRecorder((work) => database.record(work), 'Uses of sessions and tokens', log)
  const exclusive = { exclusive: true }
  const trail = createRecorder((work) => database.record(work, exclusive), 'Refusals', log)
  return {
    uses,
    trail,
    async settled() {
      await Promise.all([uses.settled(), trail.settled()])
    },
  }
}

/** @param what names the records, in the plural, in the log lines for a failure and for the recovery */
function createRecorder(
  record: <T>(work: Work<T>) => Promise<T>,
  what: string,
  log: Pick<FastifyBaseLogger, 'warn' | 'info'>,
): Recorder {
  const waiting = new Map<string, Work<void>>()
  let running: Promise<void> | undefined
  /** The log has reported a failure, and not yet the recovery. */
  let told = false
  let toldAt = Number.NEGATIVE_INFINITY
  let dropped = 0
  /** On the clock of `performance.now`. */
  let quietUntil = 0

  const isQuiet = () => performance.now() < quietUntil

  async function tryOnce<T>(work: Work<T>): Promise<T | undefined> {
    try {
      const result = await record(work)
      if (told) {
        log.info({ dropped }, `${what} are recorded again`)
        told = false
        dropped = 0
      }
      return result
    } catch (error) {
      const now = performance.now()
      quietUntil = now + QUIET_MS
      if (!told && now - toldAt >= TELL_AGAIN_MS) {
        log.warn({ err: error }, `${what} cannot be recorded; requests are answered`)
        told = true
        toldAt = now
      }
      return undefined
    }
  }

  async function writeAll(): Promise<void> {
    while (waiting.size > 0) {
      await afterAnswers()
      const works = [...waiting.values()]
      waiting.clear()
      const done = await tryOnce(async (transaction) => {
        for (const work of works) await work(transaction)
        return true
      })
      if (!done) dropped += works.length
    }
  }

  return {
    add(key, work) {
      if (isQuiet() || (waiting.size >= MOST_WAITING && !waiting.has(key))) {
        dropped += 1
        return
      }
      waiting.set(key, work)
      running ??= writeAll().finally(() => {
        running = undefined
      })
    },

    async attempt(work) {
      if (isQuiet()) return undefined
      const over = new AbortController()
      const patience = sleep(PATIENCE_MS, undefined, { signal: over.signal }).catch(() => undefined)
      const result = await Promise.race([tryOnce(work), patience])
      over.abort()
      return result
    },

    async settled() {
      await running
    },
  }
}
