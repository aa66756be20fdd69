import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { serviceBusy } from '../base/errors.ts'
import type { Ask } from './database.ts'
import type { OutcomeUnknown } from './postgres-dialect.ts'
import type { Tables } from './tables.ts'

/** Twice what the server leaves a transaction whose `COMMIT` never came. */
const OUTCOME_MS = 30_000
const POLL_MS = 100

/**
 * Asks the server, on other connections and until it knows, what became of a transaction:
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
 *
 * @returns whether it was committed
 * @throws AppError 503 if that cannot be found out within half a minute
 */
export async function findOutcome(
  db: Kysely<Tables>,
  ask: Ask,
  { xid, cause }: OutcomeUnknown,
): Promise<boolean> {
  const query = sql<{ status: string | null }>`
    SELECT pg_xact_status(CAST(${xid} AS xid8)) AS status`.compile(db)
  let last = cause
  for (const end = Date.now() + OUTCOME_MS; Date.now() < end; await sleep(POLL_MS)) {
    try {
      const [row] = await ask(query, xid)
      if (row?.status === 'committed') return true
      if (row?.status === 'aborted') return false
    } catch (error) {
      last = error
    }
  }
  throw serviceBusy(
    'The database was lost while it saved this, and does not tell whether it did; look before you send it again.',
    5,
    last,
  )
}
