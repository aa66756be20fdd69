import { randomUUID } from 'node:crypto'
import type { Transaction } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { requireFinished } from '../database/unfinished.ts'
import { findDiskFault } from '../disk-fault.ts'
import { type Owner, removeOwners, renewLease } from './lease.ts'
import { identifyProcess } from './owner.ts'
import { checkKey, type Storage } from './storage.ts'
import { dropRows, spareNamed, sweepJournal } from './sweep.ts'

/** A third of the lease, so that one renewal may fail. */
const RENEWAL_MS = 20_000

/**
 * Which keys may hold bytes that no row of the library names.
 *
 * To add: `record`, then put, then in one transaction insert the rows that name the objects and
 * `take`; if anything fails, `discard`, once every put has ended. To remove: in one transaction
 * delete those rows and `condemn`, then `discard`. Killed at any instant, this leaves whole items
 * or rows of the journal, and whoever sweeps next removes what those name.
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
  /** Writes rows, claimed already, in the transaction that deletes the rows which named the keys. */
  condemn(trx: Transaction<Tables>, keys: readonly string[]): Promise<void>
  /**
   * Removes the objects of those keys that the journal still holds, then their rows. An object
   * whose row was taken stays, even if its taker never learned that it was committed. If it rejects,
   * the rest is left to the sweep.
   */
  discard(keys: readonly string[]): Promise<void>
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
      const created_at = await database.now()
      const rows = keys.map((key) => ({ key, owner: self.id, created_at, claimed_at: null }))
      if (rows.length === 0) return
      await database.writeBeside((trx) => trx.insertInto('journal').values(rows).execute())
    },

    async take(trx, keys) {
      if (keys.length === 0) return
      const { numDeletedRows } = await trx
        .deleteFrom('journal')
        .where('key', 'in', keys)
        .where('owner', '=', self.id)
        .where('claimed_at', 'is', null)
        .executeTakeFirstOrThrow()
      if (numDeletedRows !== BigInt(keys.length)) {
        throw new Error(`Of ${keys.join(', ')} the journal held ${numDeletedRows} to be taken.`)
      }
    },

    async condemn(trx, keys) {
      if (keys.length === 0) return
      const now = await database.now()
      const rows = keys.map((key) => ({ key, owner: self.id, created_at: now, claimed_at: now }))
      await trx
        .insertInto('journal')
        .values(rows)
        .onConflict((conflict) =>
          conflict.column('key').doUpdateSet({ owner: self.id, claimed_at: now }),
        )
        .execute()
    },

    async discard(keys) {
      if (keys.length === 0) return
      try {
        const removable = await claim(keys)
        await storage.remove(removable)
        await dropRows(database, removable)
      } catch (error) {
        for (const key of keys) failed.add(key)
        await handOver().catch((cause) => {
          log.error({ err: cause, keys }, 'Rows of the journal could not be handed over yet')
        })
        throw error
      }
    },

    sweep,

    async close() {
      clearInterval(timer)
      closing.abort()
      await Promise.all([renewal, sweeping])
      if (database.isReadOnly) return
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
