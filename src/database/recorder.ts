import { setImmediate as afterAnswers, setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Transaction } from 'kysely'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

/** Waiting at a time; each is an update or a row of the trail, so that all are about a megabyte. */
const MOST_WAITING = 1000
/** How long nothing is tried after it failed: on a full disk each try costs, and none succeeds. */
const QUIET_MS = 1000
/** The log tells a failure at most this often, though some of what is recorded works and some fails. */
const TELL_AGAIN_MS = 60_000
/** As long as whoever asks for a result waits for it. */
const PATIENCE_MS = 3000

type Work<T> = (transaction: Transaction<Tables>) => Promise<T>

/**
 * Writes what only records, beside the answer: it is tried once, and dropped where the database is locked,
 * full, read-only or away. No request waits for it or fails by it.
 */
export interface Recorder {
  /** @param key of what is the same: while one waits, the next takes its place */
  add(key: string, work: Work<void>): void
  /**
   * Writes what an answer would tell if it can be written soon.
   * @returns undefined if not; it may have been written all the same
   */
  attempt<T>(work: Work<T>): Promise<T | undefined>
  /** Resolves when nothing waits any more. */
  settled(): Promise<void>
}

/** What requests leave behind. */
export interface Recorders {
  /** When sessions and personal tokens were used. */
  uses: Recorder
  /** What the audit trail tells besides changes, which it tells in their own transactions. */
  trail: Recorder
  settled(): Promise<void>
}

export function createRecorders(
  database: Pick<Database, 'record'>,
  log: Pick<FastifyBaseLogger, 'warn' | 'info'>,
): Recorders {
  const uses = createRecorder((work) => database.record(work), 'Uses of sessions and tokens', log)
  const inTurn = { inTurn: true }
  const trail = createRecorder((work) => database.record(work, inTurn), 'Refusals', log)
  return {
    uses,
    trail,
    async settled() {
      await Promise.all([uses.settled(), trail.settled()])
    },
  }
}

/** @param what is recorded, in the plural, for the log: it tells when that fails and works again */
function createRecorder(
  record: <T>(work: Work<T>) => Promise<T>,
  what: string,
  log: Pick<FastifyBaseLogger, 'warn' | 'info'>,
): Recorder {
  const waiting = new Map<string, Work<void>>()
  let running: Promise<void> | undefined
  /** The log has told that it fails, and not yet that it works again. */
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
