import type { ExpressionBuilder } from 'kysely'
import type { Database } from '../../database/database.ts'
import type { Milliseconds, Tables } from '../../database/tables.ts'
import { isRunning, type ProcessIdentity } from './owner.ts'

/** How long an owner counts as alive if its process cannot be inspected. */
export const LEASE_MS = 60_000

/** A process in the table `owners`. */
export interface Owner extends ProcessIdentity {
  id: string
}

/**
 * Inserts the owner, or extends its lease. Also inserts it again if another process removed it, as happens
 * after a long suspension.
 */
export async function renewLease(database: Database, owner: Owner): Promise<void> {
  const lease_until = (await database.now()) + LEASE_MS
  await database.writeConcurrently((trx) =>
    trx
      .insertInto('owners')
      .values({ ...owner, lease_until })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ lease_until }))
      .execute(),
  )
}

/**
 * Returns the ids of owners that are gone. On the same host, the state of the process decides and not its
 * lease, because the process may have been suspended. For another host, only the lease decides.
 */
export async function findGoneOwners(
  database: Database,
  self: Owner,
  now: Milliseconds,
): Promise<string[]> {
  const others = await database.read
    .selectFrom('owners')
    .selectAll()
    .where('id', '!=', self.id)
    .execute()
  const gone = await Promise.all(
    others.map(async (other) =>
      ((await isRunning(other, self.host)) ?? other.lease_until > now) ? [] : [other.id],
    ),
  )
  return gone.flat()
}

/**
 * A condition of a table with a column `owner` in which a process claims work: no other process that is alive by its
 * lease has the claim. Of processes that claim at the same moment, one gets the row.
 */
export const isFreeFor =
  (owner: string, now: Milliseconds) =>
  ({ eb, or, selectFrom }: ExpressionBuilder<Tables, 'scrub' | 'trash_purge'>) =>
    or([
      eb('owner', 'is', null),
      eb('owner', '=', owner),
      eb(
        'owner',
        'not in',
        selectFrom('owners').select('owners.id').where('lease_until', '>', now),
      ),
    ])

/** Deletes the given owners if their lease is over and no row of the journal names them. */
export async function removeOwners(
  database: Database,
  ids: readonly string[],
  now: Milliseconds,
): Promise<void> {
  if (ids.length === 0) return
  await database.write((trx) =>
    trx
      .deleteFrom('owners')
      .where('id', 'in', ids)
      .where('lease_until', '<=', now)
      .where('id', 'not in', (journal) =>
        journal.selectFrom('journal').select('owner').where('owner', 'is not', null),
      )
      .execute(),
  )
}
