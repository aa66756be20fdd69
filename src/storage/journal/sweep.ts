import type { Transaction } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../database/database.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Milliseconds, Tables } from '../../database/tables.ts'
import { findNamedKeys } from '../named-keys.ts'
import type { Storage } from '../storage.ts'
import { findGoneOwners, LEASE_MS, type Owner, removeOwners } from './lease.ts'

/** Rows in one batch, so that a long journal neither fills memory nor holds a lock for long. */
const BATCH = 100

export interface SweepDeps {
  database: Database
  storage: Storage
  log: Pick<Logger, 'warn' | 'error'>
}

/**
 * Removes abandoned objects: those of rows that were given up, or whose owner is gone.
 *
 * A sweep first claims a row and commits that. If the owner is still alive, it can then no longer take the
 * row. The claimed row stays for one lease. Then the object is removed again, because a running write may
 * have finished late, and the row is deleted. So a sweep that dies loses nothing, and two concurrent sweeps
 * only do the same work twice.
 *
 * If storage cannot remove an object, that is logged, and the row stays for the next sweep.
 */
export async function sweepJournal(
  { database, storage, log }: SweepDeps,
  self: Owner,
  signal: AbortSignal,
): Promise<void> {
  const now = await database.now()
  const gone = await findGoneOwners(database, self, now)

  const remove = async (keys: readonly string[]): Promise<boolean> => {
    if (keys.length === 0) return true
    try {
      await storage.remove(keys)
      return true
    } catch (error) {
      log.error({ err: error, keys }, 'Abandoned objects could not be removed yet')
      return false
    }
  }

  for await (const keys of eachBatch((after) => findAbandoned(database, self, gone, after))) {
    if (signal.aborted) return
    const claimedAt = await database.now()
    await remove(await database.write((trx) => claimAbandoned(trx, keys, claimedAt, log)))
  }
  for await (const keys of eachBatch((after) => findClaimed(database, now - LEASE_MS, after))) {
    if (signal.aborted) return
    const removable = await database.write((trx) => spareNamed(trx, keys, log))
    if (await remove(removable)) await dropRows(database, removable)
  }
  await removeOwners(database, gone, now)
}

/**
 * Returns those claimed keys that no row of the library names. By the protocol, no row names any of them.
 * This check is a second safeguard for originals. The journal rows of named keys are deleted.
 */
export async function spareNamed(
  trx: Transaction<Tables>,
  keys: readonly string[],
  log: Pick<Logger, 'warn'>,
): Promise<string[]> {
  const spared = await findNamedKeys(trx, keys)
  if (spared.length === 0) return [...keys]
  log.warn({ keys: spared }, 'The journal named objects that are in use; they stay')
  await trx.deleteFrom('journal').where('key', 'in', spared).execute()
  return keys.filter((key) => !spared.includes(key))
}

/** Deletes rows whose objects are gone. */
export async function dropRows(database: Database, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  await database.writeConcurrently((trx) => runIn(trx, deleteRows, JSON.stringify(keys)))
}

const deleteRows = prepare((db, keys: Parameter<string>) =>
  db
    .deleteFrom('journal')
    .where('key', 'in', listed<string>(db, 'text', keys))
    .compile(),
)

/** Yields batches of keys in ascending order. Each starts after the last key of the batch before. */
async function* eachBatch(find: (after: string) => Promise<string[]>) {
  for (let after = ''; ; ) {
    const keys = await find(after)
    const last = keys.at(-1)
    if (last === undefined) return
    yield keys
    after = last
  }
}

/** Finds rows that were given up and are not claimed yet, and all rows of owners that are gone. */
async function findAbandoned(
  database: Database,
  self: Owner,
  gone: readonly string[],
  after: string,
): Promise<string[]> {
  const rows = await database.read
    .selectFrom('journal')
    .select('key')
    .where(({ and, eb, or, selectFrom }) =>
      or([
        and([eb('owner', 'is', null), eb('claimed_at', 'is', null)]),
        ...(gone.length > 0 ? [eb('owner', 'in', gone)] : []),
        and([eb('owner', '!=', self.id), eb('owner', 'not in', selectFrom('owners').select('id'))]),
      ]),
    )
    .where('key', '>', after)
    .orderBy('key')
    .limit(BATCH)
    .execute()
  return rows.map(({ key }) => key)
}

/** Claims the rows that still exist and that no other sweep has claimed. */
async function claimAbandoned(
  trx: Transaction<Tables>,
  keys: readonly string[],
  now: Milliseconds,
  log: Pick<Logger, 'warn'>,
): Promise<string[]> {
  const rows = await trx
    .updateTable('journal')
    .set({ owner: null, claimed_at: now })
    .where('key', 'in', keys)
    .where(({ eb, or }) => or([eb('owner', 'is not', null), eb('claimed_at', 'is', null)]))
    .returning('key')
    .execute()
  return spareNamed(
    trx,
    rows.map(({ key }) => key),
    log,
  )
}

/** Finds rows that a sweep claimed at `latest` or before. */
async function findClaimed(
  database: Database,
  latest: Milliseconds,
  after: string,
): Promise<string[]> {
  const rows = await database.read
    .selectFrom('journal')
    .select('key')
    .where('owner', 'is', null)
    .where('claimed_at', '<=', latest)
    .where('key', '>', after)
    .orderBy('key')
    .limit(BATCH)
    .execute()
  return rows.map(({ key }) => key)
}
