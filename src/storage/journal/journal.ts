import { randomUUID } from 'node:crypto'
import { sql, type Transaction } from 'kysely'
import type { Logger } from 'pino'
import { findDiskFault } from '../../base/disk-fault.ts'
import type { Database } from '../../database/database.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Tables } from '../../database/tables.ts'
import { requireFinished } from '../../database/unfinished.ts'
import { checkKey, type Storage } from '../storage.ts'
import { LEASE_MS, type Owner, removeOwners, renewLease } from './lease.ts'
import { identifyProcess } from './owner.ts'
import { dropRows, spareNamed, sweepJournal } from './sweep.ts'

/** The lease survives one failed renewal. */
const RENEWAL_MS = LEASE_MS / 3
/** How long rows of removed objects wait for others to share their transaction. */
const FINISH_MS = 1000
/** Most objects in one flush of folders. A flush occupies one of libuv's few threads, and reads wait for one. */
const FLUSHED_AT_ONCE = 100

/**
 * Records keys whose objects may exist in storage although no row of the library names them.
 *
 * To add an object: call `record`, then put. Then, in one transaction, insert the rows that name the object
 * and call `take`. If any step fails, call `discard` after every put has ended. To remove an object: in one
 * transaction, delete its rows and call `condemn`. Then call `removeCondemned`. A kill at any moment leaves
 * complete items, or rows of the journal. The next sweep removes the objects that those rows name.
 *
 * A row is *claimed* once its object may be removed. Two rules protect an object in use: it is removed only after the
 * claim was committed, and a claimed row cannot be taken.
 */
export interface Journal {
  /** Id of this process in the table `owners`. */
  readonly owner: string
  /** Commits rows for keys, before their objects are put. */
  record(keys: readonly string[]): Promise<void>
  /**
   * Deletes the journal rows of keys. Call it in the transaction that inserts the rows naming the objects.
   * @throws Error if a row is missing, or if a sweep has claimed it because this process seemed gone
   */
  take(trx: Transaction<Tables>, keys: readonly string[]): Promise<void>
  /**
   * Inserts claimed rows. Call it in the transaction that deletes the rows naming the keys.
   * @returns the keys whose objects must be removed, without keys that a row still names
   */
  condemn(trx: Transaction<Tables>, keys: readonly string[]): Promise<string[]>
  /**
   * Removes the objects of keys that `condemn` returned. Call it after the commit. When it resolves, the
   * objects are gone for every reader. A second later, the removal is made durable and the rows are deleted.
   * If this process dies before that, the sweep of another one removes the objects again. If it rejects, the sweep
   * does the rest.
   */
  removeCondemned(keys: readonly string[]): Promise<void>
  /**
   * Removes the objects of the keys that still have a row in the journal, then those rows. An object stays if
   * its row was taken, even if the caller did not see the commit. If it rejects, the sweep does the rest.
   *
   * @param options.putFailed true if a put of these keys was rejected. If storage may complete it late (see
   *   `Storage.putsComeLate`), the rows stay for one lease, and then the sweep removes the objects again
   */
  discard(keys: readonly string[], options?: { putFailed?: boolean }): Promise<void>
  /**
   * Removes objects that other processes left, or that this one gave up (see `sweepJournal`). Logs errors; the next
   * sweep retries.
   */
  sweep(): Promise<void>
  /**
   * Ends renewals and sweeps, makes removals durable, and hands rows over to the next sweep. Call it when no other
   * call of the journal is running.
   */
  close(): Promise<void>
}

/**
 * Registers this process as an owner and sweeps. From then on, renews its lease and sweeps regularly. Only
 * processes that write files use the journal. While the database is read-only, it neither registers nor sweeps.
 */
export async function openJournal(deps: {
  database: Database
  storage: Storage
  log: Pick<Logger, 'warn' | 'error'>
}): Promise<Journal> {
  const { database, storage, log } = deps
  const self: Owner = { id: randomUUID(), ...(await identifyProcess()) }
  const closing = new AbortController()
  /** Keys whose objects this process could not remove, until their rows are handed over to the sweep. */
  const toHandOver = new Set<string>()
  /** Keys whose objects are gone, and whose rows must be deleted. */
  const toFinish = new Set<string>()
  let finishTimer: NodeJS.Timeout | undefined
  let finishing: Promise<void> = Promise.resolve()
  let renewal: Promise<void> | undefined
  let sweeping: Promise<void> | undefined

  const sweep = () => {
    sweeping ??= handOver()
      .then(() => sweepJournal(deps, self, closing.signal))
      .catch((error) => log.error({ err: error }, 'The journal could not be swept'))
      .finally(() => {
        sweeping = undefined
      })
    return sweeping
  }

  /** A full disk must not prevent the start, because reads still work. A later renewal writes the lease. */
  const register = () =>
    renewLease(database, self).catch((error) => {
      if (findDiskFault(error) !== 'full') throw error
      log.error({ err: error }, 'The lease of this process could not be written')
    })

  const renew = () => {
    renewal = renewLease(database, self).catch((error) => {
      log.error({ err: error }, 'The lease of this process could not be renewed')
    })
  }

  /** Clears the owner of rows whose objects this process could not remove, so that a sweep takes them. */
  async function handOver() {
    if (toHandOver.size === 0) return
    const keys = [...toHandOver]
    await database.writeConcurrently((trx) =>
      trx
        .updateTable('journal')
        .set({ owner: null })
        .where('key', 'in', keys)
        .where('owner', '=', self.id)
        .execute(),
    )
    for (const key of keys) toHandOver.delete(key)
  }

  /** Claims the rows that still exist for these keys, so that no transaction can take them. */
  async function claim(keys: readonly string[]): Promise<string[]> {
    const claimed_at = await database.now()
    return database.write(async (trx) => {
      await trx
        .updateTable('journal')
        .set({ claimed_at })
        .where('key', 'in', keys)
        .where('claimed_at', 'is', null)
        .execute()
      const rows = await trx.selectFrom('journal').select('key').where('key', 'in', keys).execute()
      return spareNamed(
        trx,
        rows.map(({ key }) => key),
        log,
      )
    })
  }

  /** Leaves keys to the sweep: their objects could not be removed, or may return by a late put. */
  async function leaveToSweep(keys: readonly string[]) {
    for (const key of keys) toHandOver.add(key)
    await handOver().catch((error) => {
      log.error({ err: error, keys }, 'Journal rows could not be handed over to the sweep yet')
    })
  }

  function makeDurableSoon(keys: readonly string[]) {
    for (const key of keys) toFinish.add(key)
    finishTimer ??= setTimeout(() => {
      finishing = finishing.then(makeDurable)
    }, FINISH_MS).unref()
  }

  /** Makes removals durable, then deletes their rows. */
  async function makeDurable() {
    clearTimeout(finishTimer)
    finishTimer = undefined
    const keys = [...toFinish]
    toFinish.clear()
    try {
      if (storage.unlink) {
        for (let at = 0; at < keys.length; at += FLUSHED_AT_ONCE) {
          await storage.remove(keys.slice(at, at + FLUSHED_AT_ONCE))
        }
      }
      await dropRows(database, keys)
    } catch (error) {
      log.error({ err: error, keys }, 'Journal rows of removed objects could not be deleted yet')
      await leaveToSweep(keys)
    }
  }

  if (!database.isReadOnly) await register()
  // A restore or copy first marks the library as unfinished, then looks for owners. This process registers
  // first, then looks for the mark. So at least one of them sees the other.
  await requireFinished(database.read).catch(async (error) => {
    await removeOwners(database, [self.id], Number.MAX_SAFE_INTEGER)
    throw error
  })
  if (!database.isReadOnly) await sweep()
  const timer = setInterval(() => {
    if (database.isReadOnly) return
    renew()
    void sweep()
  }, RENEWAL_MS).unref()

  return {
    owner: self.id,

    async record(keys) {
      for (const key of keys) checkKey(key)
      if (keys.length === 0) return
      const created_at = await database.now()
      await database.writeConcurrently((trx) =>
        runIn(trx, insertKeys, JSON.stringify(keys), self.id, created_at),
      )
    },

    async take(trx, keys) {
      if (keys.length === 0) return
      const { length } = await runIn(trx, takeKeys, JSON.stringify(keys), self.id)
      if (length !== keys.length) {
        throw new Error(
          `The journal has only ${length} of ${keys.length} rows to be taken: ${keys.join(', ')}.`,
        )
      }
    },

    async condemn(trx, keys) {
      if (keys.length === 0) return []
      const now = await database.now()
      const rows = await runIn(trx, condemnKeys, JSON.stringify(keys), self.id, now)
      if (rows.length < keys.length) {
        log.warn({ keys }, 'A removal named objects that are in use; they stay')
      }
      return rows.map(({ key }) => key)
    },

    async removeCondemned(keys) {
      if (keys.length === 0) return
      try {
        await (storage.unlink ?? storage.remove)(keys)
        makeDurableSoon(keys)
      } catch (error) {
        await leaveToSweep(keys)
        throw error
      }
    },

    async discard(keys, { putFailed = false } = {}) {
      if (keys.length === 0) return
      try {
        const removable = await claim(keys)
        await storage.remove(removable)
        if (putFailed && storage.putsComeLate) await leaveToSweep(removable)
        else await dropRows(database, removable)
      } catch (error) {
        await leaveToSweep(keys)
        throw error
      }
    },

    sweep,

    async close() {
      clearInterval(timer)
      closing.abort()
      await Promise.all([renewal, sweeping])
      if (database.isReadOnly) return
      await finishing.then(makeDurable)
      try {
        await handOver()
        await removeOwners(database, [self.id], Number.MAX_SAFE_INTEGER)
      } catch (error) {
        // The next sweep sees that this process no longer runs.
        log.error({ err: error }, 'This process could not be removed from the owners')
      }
    },
  }
}

// Each of these queries takes all keys as one JSON parameter.

const COLUMNS = sql`journal (key, owner, created_at, claimed_at)`

const insertKeys = prepare(
  (db, keys: Parameter<string>, owner: Parameter<string>, time: Parameter<number>) =>
    sql`INSERT INTO ${COLUMNS}
      SELECT value, CAST(${owner} AS text), CAST(${time} AS bigint), NULL
      FROM ${listed<string>(db, 'text', keys)} AS listed`.compile(db),
)

const takeKeys = prepare((db, keys: Parameter<string>, owner: Parameter<string>) =>
  db
    .deleteFrom('journal')
    .where('key', 'in', listed<string>(db, 'text', keys))
    .where('owner', '=', owner)
    .where('claimed_at', 'is', null)
    .returning('key')
    .compile(),
)

const condemnKeys = prepare(
  (db, keys: Parameter<string>, owner: Parameter<string>, time: Parameter<number>) =>
    sql<{ key: string }>`
      INSERT INTO ${COLUMNS}
      SELECT value, CAST(${owner} AS text), CAST(${time} AS bigint), CAST(${time} AS bigint)
      FROM ${listed<string>(db, 'text', keys)} AS listed
      WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.key = value)
        AND NOT EXISTS (SELECT 1 FROM variants WHERE variants.key = value)
        AND NOT EXISTS (SELECT 1 FROM renditions WHERE renditions.key = value)
      ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, claimed_at = excluded.claimed_at
      RETURNING key`.compile(db),
)
