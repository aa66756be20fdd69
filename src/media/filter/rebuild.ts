import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { AppError } from '../../base/errors.ts'
import { foldTagCase } from '../../base/fold.ts'
import type { Database } from '../../database/database.ts'
import { listedRows, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { findGoneOwners } from '../../storage/journal/lease.ts'
import { identifyProcess } from '../../storage/journal/owner.ts'
import { countVersion } from '../library.ts'
import { REBUILT, rebuildOrder } from '../order/rebuild.ts'
import { labelAllTags } from '../tags.ts'
import { readAllAncestors } from './collection-facets.ts'
import { findChunk, storeDerivedChunk } from './derive-facets.ts'

/**
 * The version of facets and order blocks. Raise it whenever other facets or keys are derived from items. Libraries of
 * earlier versions then get theirs anew.
 */
export const DERIVED = 1

/** How often a process looks whether another one has built everything. */
const POLL_MS = 200

/**
 * Builds facets and order blocks from the items if the library has none of this version: after an update of the
 * program, and after a restore. One process builds, the others wait. If it dies, another one begins anew.
 *
 * @param owner id of this process in the table `owners`, which must renew its lease meanwhile
 * @param buildOrders writes all order blocks anew; given in tests
 * @throws AppError if the library cannot be written
 */
export async function ensureDerived(
  database: Database,
  owner: string,
  buildOrders = rebuildEachOrder,
): Promise<void> {
  for (;;) {
    if (await isDerived(database.read)) return
    if (database.isReadOnly) throw notWritable()
    if (await claim(database, owner)) break
    await sleep(POLL_MS)
  }
  const earlier = await readDerived(database.read)
  if (earlier === DERIVED) return
  await buildFacets(database)
  await buildOrders(database)
  await database.write(async (trx) => {
    // Clients may keep filtered lists of an earlier form. They have none of a library without facets.
    if (earlier !== 0) await countVersion(trx)
    await markDerived(trx)
  })
}

/** One transaction for each order, so that other processes do not wait long. Nobody uses the orders meanwhile. */
async function rebuildEachOrder(database: Database): Promise<void> {
  for (const part of REBUILT) await database.write((trx) => rebuildOrder(trx, part))
}

/** Whether the library has the facets and order blocks of this version. */
export const isDerived = async (db: Queries): Promise<boolean> =>
  (await readDerived(db)) === DERIVED

async function readDerived(db: Queries): Promise<number> {
  const { derived } = await db.selectFrom('library').select('derived').executeTakeFirstOrThrow()
  return derived
}

const markDerived = (trx: Queries) =>
  trx.updateTable('library').set({ derived: DERIVED, deriver: null }).execute()

const notWritable = () =>
  new AppError('database-older', 500, 'Database of another version', {
    detail:
      'The database has to be brought up to date, and its disk cannot be written; make it writable.',
  })

/**
 * Claims the building for this process. Marks a library without items as built.
 * @returns false while another process builds
 */
async function claim(database: Database, id: string): Promise<boolean> {
  const now = await database.now()
  const gone = await findGoneOwners(database, { id, ...(await identifyProcess()) }, now)
  return database.write(async (trx) => {
    const { derived, deriver } = await trx
      .selectFrom('library')
      .select(['derived', 'deriver'])
      .executeTakeFirstOrThrow()
    if (derived === DERIVED) return true
    if ((await findChunk(trx, 0)) === undefined) {
      for (const table of ['facet_chunks', 'facets', 'order_blocks'] as const) {
        await trx.deleteFrom(table).execute()
      }
      await markDerived(trx)
      return true
    }
    if (deriver !== null && deriver !== id && !gone.includes(deriver)) {
      const alive = await trx
        .selectFrom('owners')
        .select('id')
        .where('id', '=', deriver)
        .executeTakeFirst()
      if (alive) return false
    }
    await trx.updateTable('library').set({ deriver: id }).execute()
    return true
  })
}

/**
 * Writes all facets anew, one transaction for each chunk of items, so that other processes do not wait long. Nobody may
 * use the facets meanwhile.
 */
async function buildFacets(database: Database): Promise<void> {
  await database.write(async (trx) => {
    await trx.deleteFrom('facet_chunks').execute()
    await trx.deleteFrom('facets').execute()
    await keyTags(trx)
  })
  const ancestorsOf = await readAllAncestors(database.read)
  for (let chunk = await findChunk(database.read, 0); chunk !== undefined; ) {
    const present = chunk
    await database.write((trx) => storeDerivedChunk(trx, present, ancestorsOf, { isNew: true }))
    chunk = await findChunk(database.read, present + 1)
  }
  await database.write(labelAllTags)
}

const TAGS_AT_ONCE = 10_000

/** Writes the keys of all tags anew: a migration cannot fold them. */
async function keyTags(trx: Queries): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await trx
      .selectFrom('tags')
      .select(['tag', 'key'])
      .where('tag', '>', after)
      .orderBy('tag')
      .limit(TAGS_AT_ONCE)
      .execute()
    const wrong = rows
      .map(({ tag, key }) => ({ tag, key, next: foldTagCase(tag) }))
      .filter(({ key, next }) => key !== next)
      .map(({ tag, next }) => ({ tag, key: next }))
    if (wrong.length > 0) await runIn(trx, writeKeys, JSON.stringify(wrong))
    const last = rows.at(-1)
    if (!last || rows.length < TAGS_AT_ONCE) return
    after = last.tag
  }
}

const writeKeys = prepare((db, rows: Parameter<string>) =>
  sql`
    UPDATE tags SET key = folded.key
    FROM ${listedRows(db, { tag: 'text', key: 'text' }, rows)} AS folded
    WHERE tags.tag = folded.tag`.compile(db),
)
