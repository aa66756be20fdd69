import { randomUUID } from 'node:crypto'
import { sql, type Transaction } from 'kysely'
import type { Logger } from 'pino'
import { findDiskFault } from '../../base/disk-fault.ts'
import { askWithin, type Database } from '../../database/database.ts'
import { buildOnce, listed } from '../../database/engine.ts'
import type { Tables } from '../../database/tables.ts'
import { requireFinished } from '../../database/unfinished.ts'
import { checkKey, type Storage } from '../storage.ts'
import { type Owner, removeOwners, renewLease } from './lease.ts'
import { identifyProcess } from './owner.ts'
import { dropRows, spareNamed, sweepJournal } from './sweep.ts'

/** A third of the lease, so that one renewal may fail. */
const RENEWAL_MS = 20_000
/** So long the rows of removed objects wait for others, so that many go in one transaction. */
const FINISH_MS = 1000
/** Objects of which the folders are flushed at once: each holds a thread that reads may wait for. */
const FLUSHED_AT_ONCE = 100

/**
 * Which keys may hold bytes that no row of the library names.
 *
 * To add: `record`, then put, then in one transaction insert the rows that name the objects and
 * `take`; if anything fails, `discard`, once every put has ended. To remove: in one transaction
 * delete those rows and `condemn`, then `removeCondemned`. Killed at any instant, this leaves whole
 * items or rows of the journal, and whoever sweeps next removes what those name.
 *
 * Two rules keep an object that is in use safe: it is removed only after its row was committed as
 * claimed, and a claimed row cannot be taken.
 */
export interface Journal {
  /** This process, in the table `owners`. */
  readonly owner: string
  /** Commits rows for keys about to be written. */
  record(keys: readonly string[]): Promise<void>
  /**
   * Takes rows out, in the transaction that inserts the rows which name the objects from now on.
   * @throws Error if a sweep has claimed one, having taken this process for gone, or one is missing
   */
  take(trx: Transaction<Tables>, keys: readonly string[]): Promise<void>
  /**
   * Writes rows, claimed already, in the transaction that deletes the rows which named the keys.
   * @returns those whose objects are to be removed: never one that a row still names
   */
  condemn(trx: Transaction<Tables>, keys: readonly string[]): Promise<string[]>
  /**
   * Removes the objects of keys that `condemn` gave, once that was committed: when it resolves they are
   * gone for everybody. That this outlives a power cut, and the rows, are seen to a little later; until
   * then the rows name what a sweep would have to remove again. If it rejects, the rest is left to the
   * sweep.
   */
  removeCondemned(keys: readonly string[]): Promise<void>
  /**
   * Removes the objects of those keys that the journal still holds, then their rows. An object
   * whose row was taken stays, even if its taker never learned that it was committed. If it rejects,
   * the rest is left to the sweep.
   *
   * @param options.putFailed a put of them was rejected. Where it may still come late (see `Storage`), the rows
   *   stay for one lease, after which the sweep removes once more
   */
  discard(keys: readonly string[], options?: { putFailed?: boolean }): Promise<void>
  /** Removes what others left (see `sweepJournal`). Faults are logged; the next sweep tries again. */
  sweep(): Promise<void>
  /** Call it when no work that uses the journal is under way any more. */
  close(): Promise<void>
}

/**
 * Enters this process as an owner, sweeps, and from then on renews its lease and sweeps regularly.
 * For processes that write files; others have nothing to do with the journal, nor has anybody while the
 * database cannot be written.
 */
export async function openJournal(deps: {
  database: Database
  storage: Storage
  log: Pick<Logger, 'warn' | 'error'>
}): Promise<Journal> {
  const { database, storage, log } = deps
  const self: Owner = { id: randomUUID(), ...(await identifyProcess()) }
  const closing = new AbortController()
  /** Own rows that could not be discarded, until the sweep has them. */
  const failed = new Set<string>()
  /** Keys whose objects are gone, and whose rows are to follow. */
  const removed = new Set<string>()
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

  /** A full disk keeps nobody from looking; the lease is there as soon as there is room. */
  const enter = () =>
    renewLease(database, self).catch((error) => {
      if (findDiskFault(error) !== 'full') throw error
      log.error({ err: error }, 'The lease of this process could not be entered')
    })

  const renew = () => {
    renewal = renewLease(database, self).catch((error) => {
      log.error({ err: error }, 'The lease of this process could not be renewed')
    })
  }

  /** Gives up rows of which this process could not remove the objects. */
  async function handOver() {
    if (failed.size === 0) return
    const keys = [...failed]
    await database.writeBeside((trx) =>
      trx
        .updateTable('journal')
        .set({ owner: null })
        .where('key', 'in', keys)
        .where('owner', '=', self.id)
        .execute(),
    )
    for (const key of keys) failed.delete(key)
  }

  /** Claims what the journal still holds of these keys, so that no transaction can take it. */
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

  /** Leaves keys to the sweep, whose objects this process could not remove. */
  async function giveUp(keys: readonly string[]) {
    for (const key of keys) failed.add(key)
    await handOver().catch((error) => {
      log.error({ err: error, keys }, 'Rows of the journal could not be handed over yet')
    })
  }

  function finishSoon(keys: readonly string[]) {
    for (const key of keys) removed.add(key)
    finishTimer ??= setTimeout(() => {
      finishing = finishing.then(finish)
    }, FINISH_MS).unref()
  }

  /** Makes removals outlive a power cut, and drops their rows then. */
  async function finish() {
    clearTimeout(finishTimer)
    finishTimer = undefined
    const keys = [...removed]
    removed.clear()
    try {
      // Where there is nothing faster than to remove them, they are gone for good already.
      for (let at = 0; storage.unlink && at < keys.length; at += FLUSHED_AT_ONCE) {
        await storage.remove(keys.slice(at, at + FLUSHED_AT_ONCE))
      }
      await dropRows(database, keys)
    } catch (error) {
      log.error({ err: error, keys }, 'Removed objects could not be struck off the journal yet')
      await giveUp(keys)
    }
  }

  if (!database.isReadOnly) await enter()
  // Whoever brings a library in marks it first and looks for owners then, so one sees the other.
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
      await database.writeBeside((trx) =>
        askWithin(trx)(keyQueries(trx).record, self.id, created_at, JSON.stringify(keys)),
      )
    },

    async take(trx, keys) {
      if (keys.length === 0) return
      const { length } = await askWithin(trx)(keyQueries(trx).take, JSON.stringify(keys), self.id)
      if (length !== keys.length) {
        throw new Error(`Of ${keys.join(', ')} the journal held ${length} to be taken.`)
      }
    },

    async condemn(trx, keys) {
      if (keys.length === 0) return []
      const now = await database.now()
      const { condemn } = keyQueries(trx)
      const rows = await askWithin(trx)(condemn, self.id, now, now, JSON.stringify(keys))
      if (rows.length < keys.length) {
        log.warn({ keys }, 'Objects that are in use were to be removed; they stay')
      }
      return rows.map(({ key }) => key)
    },

    async removeCondemned(keys) {
      if (keys.length === 0) return
      try {
        await (storage.unlink ?? storage.remove)(keys)
        finishSoon(keys)
      } catch (error) {
        await giveUp(keys)
        throw error
      }
    },

    async discard(keys, { putFailed = false } = {}) {
      if (keys.length === 0) return
      try {
        const removable = await claim(keys)
        await storage.remove(removable)
        if (putFailed && storage.putsComeLate) await giveUp(removable)
        else await dropRows(database, removable)
      } catch (error) {
        await giveUp(keys)
        throw error
      }
    },

    sweep,

    async close() {
      clearInterval(timer)
      closing.abort()
      await Promise.all([renewal, sweeping])
      if (database.isReadOnly) return
      await finishing.then(finish)
      try {
        await handOver()
        await removeOwners(database, [self.id], Number.MAX_SAFE_INTEGER)
      } catch (error) {
        // Whoever sweeps next sees that this process runs no more.
        log.error({ err: error }, 'This process could not be taken out of the owners')
      }
    },
  }
}

/** Each takes all keys as one text of JSON. */
const keyQueries = buildOnce((db) => {
  const keys = sql`${listed<string>(db, 'text')} AS listed`
  const [owner, time] = [sql`CAST(${''} AS text)`, sql`CAST(${0} AS bigint)`]
  const columns = sql`journal (key, owner, created_at, claimed_at)`
  return {
    record: sql`INSERT INTO ${columns} SELECT value, ${owner}, ${time}, NULL FROM ${keys}`.compile(
      db,
    ),
    take: db
      .deleteFrom('journal')
      .where('key', 'in', listed<string>(db, 'text'))
      .where('owner', '=', '')
      .where('claimed_at', 'is', null)
      .returning('key')
      .compile(),
    condemn: sql<{ key: string }>`
      INSERT INTO ${columns} SELECT value, ${owner}, ${time}, ${time} FROM ${keys}
      WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.key = value)
        AND NOT EXISTS (SELECT 1 FROM variants WHERE variants.key = value)
      ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, claimed_at = excluded.claimed_at
      RETURNING key`.compile(db),
  }
})
