import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { serviceBusy } from '../base/errors.ts'
import type { OutcomeUnknown } from './postgres-dialect.ts'
import type { RunCompiled } from './prepared.ts'
import type { Tables } from './tables.ts'

/** Twice the time after which the server ends a transaction whose `COMMIT` never arrived. */
const OUTCOME_MS = 30_000
const POLL_MS = 100

/**
 * Asks the server whether a transaction was committed, on other connections and until the server knows:
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
 *
 * @returns true if it was committed
 * @throws AppError 503 if the server does not say within half a minute
 */
export async function findOutcome(
  db: Kysely<Tables>,
  runCompiled: RunCompiled,
  { xid, cause }: OutcomeUnknown,
): Promise<boolean> {
  const query = sql<{ status: string | null }>`
    SELECT pg_xact_status(CAST(${xid} AS xid8)) AS status`.compile(db)
  let last = cause
  for (const end = Date.now() + OUTCOME_MS; Date.now() < end; await sleep(POLL_MS)) {
    try {
      const [row] = await runCompiled(query, [xid])
      if (row?.status === 'committed') return true
      if (row?.status === 'aborted') return false
    } catch (error) {
      last = error
    }
  }
  throw serviceBusy(
    'The connection to the database was lost while it saved this, and it is not known whether it was saved; check before you send it again.',
    5,
    last,
  )
}
