import type { Transaction } from 'kysely'
import type { Logger } from 'pino'
import { askWithin, type Database } from '../../database/database.ts'
import { buildOnce, listed } from '../../database/engine.ts'
import type { Milliseconds, Tables } from '../../database/tables.ts'
import { findNamedKeys } from '../named-keys.ts'
import type { Storage } from '../storage.ts'
import { findGoneOwners, LEASE_MS, type Owner, removeOwners } from './lease.ts'

/** How many rows are taken at a time, so that a long journal neither fills memory nor holds a lock. */
const BATCH = 100

export interface SweepDeps {
  database: Database
  storage: Storage
  log: Pick<Logger, 'warn' | 'error'>
}

/**
 * Removes what nobody will: the objects of rows that were given up, or whose owner is gone.
 *
 * A row is claimed first, and committed as such, so that its owner, should it live after all, cannot
 * make use of the object any more. The claimed row stays for one lease; then the object is removed
 * once more, because a write that was under way may have come late, and the row goes. So a sweep
 * that dies loses nothing, and two at once only do the same work twice.
 *
 * What storage does not remove stays in the journal for the next sweep, and is logged.
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
 * Of keys that are claimed, those that no row of the library names. It never names any, by the
 * protocol; but an original is removed only if it is sure, so a row that says otherwise is dropped.
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

/** Drops rows whose objects are gone. */
export async function dropRows(database: Database, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  await database.writeBeside((trx) => askWithin(trx)(dropQuery(trx), JSON.stringify(keys)))
}

const dropQuery = buildOnce((db) =>
  db.deleteFrom('journal').where('key', 'in', listed<string>(db, 'text')).compile(),
)

/** Batches of keys in ascending order, each found after the last one of the batch before. */
async function* eachBatch(find: (after: string) => Promise<string[]>) {
  for (let after = ''; ; ) {
    const keys = await find(after)
    const last = keys.at(-1)
    if (last === undefined) return
    yield keys
    after = last
  }
}

/** Rows that were given up and not claimed yet, and all those of owners that are gone. */
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

/** Claims those of the rows that are still there and that no other sweep has claimed. */
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

/** Rows that a sweep claimed no later than then. */
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
