import {
  type Actor,
  type AuditEntry,
  COMMAND_LINE,
  mediaSubject,
  recordAudit,
  writeAs,
} from '../../audit/record.ts'
import { mediaNotFound } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { type FailedItem, noSuchItem } from '../change/bulk.ts'
import { type ItemState, isLive, readStates, updateDerived } from '../change/derived.ts'
import { countVersion } from '../library.ts'

/**
 * Moves an item to the trash. It keeps its files and everything that people wrote, but lists, searches, counts and the
 * public do not show it any more.
 * @throws AppError 404 "Media not found", also if it is there already
 */
export async function trashMedia(database: Database, id: number, by?: Actor): Promise<void> {
  const [failed] = await trashItems(database, [id], by)
  if (failed) throw failed.error
}

/**
 * Moves several items to the trash, in one transaction.
 * @param ids ascending
 * @returns a failure for each id without an item, and for each item that is there already
 */
export const trashItems = (
  database: Database,
  ids: readonly number[],
  by: Actor = COMMAND_LINE,
): Promise<FailedItem[]> =>
  moveItems(database, ids, by, {
    action: 'media-trashed',
    isAlready: ({ id }) => mediaNotFound(`Item ${id} is in the trash already.`),
    fits: isLive,
    move: (trx, moved, now) => markTrashed(trx, moved, now, by),
  })

/**
 * Brings an item back from the trash, with all it had.
 * @throws AppError 404 "Media not found", also if it is not there
 */
export async function restoreMedia(database: Database, id: number, by?: Actor): Promise<void> {
  const [failed] = await restoreItems(database, [id], by)
  if (failed) throw failed.error
}

/**
 * Brings several items back from the trash, in one transaction.
 * @param ids ascending
 * @returns a failure for each id without an item, and for each item that is not in the trash
 */
export const restoreItems = (
  database: Database,
  ids: readonly number[],
  by: Actor = COMMAND_LINE,
): Promise<FailedItem[]> =>
  moveItems(database, ids, by, {
    action: 'media-restored',
    isAlready: ({ id }) => mediaNotFound(`Item ${id} is not in the trash.`),
    fits: (item) => !isLive(item),
    async move(trx, moved) {
      await runIn(trx, markRestored, JSON.stringify(moved.map(({ id }) => id)))
      return moved.map((item) => ({ ...item, trashed_at: null }))
    },
  })

interface Move {
  action: 'media-trashed' | 'media-restored'
  /** Which items can be moved. */
  fits(item: ItemState): boolean
  /** The error for an item that cannot be moved. */
  isAlready(item: ItemState): FailedItem['error']
  /** @returns the states of the items afterwards */
  move(trx: Queries, items: readonly ItemState[], now: Milliseconds): Promise<ItemState[]>
}

async function moveItems(
  database: Database,
  ids: readonly number[],
  by: Actor,
  { action, fits, isAlready, move }: Move,
): Promise<FailedItem[]> {
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    const found = new Map((await readStates(trx, ids)).map((item) => [item.id, item]))
    const moved = [...found.values()].filter(fits)
    const failed = ids.flatMap((id): FailedItem[] => {
      const item = found.get(id)
      if (!item) return [noSuchItem(id)]
      return fits(item) ? [] : [{ id, name: item.name, error: isAlready(item) }]
    })
    if (moved.length === 0) return failed
    const after = await move(trx, moved, now)
    await countVersion(trx)
    await recordAudit(trx, by, describe(action, moved), now)
    await updateDerived(
      trx,
      moved.map((before, index) => ({ before, after: after[index] })),
    )
    return failed
  })
}

/** One audit row for the whole transaction, as for a delete. */
function describe(action: Move['action'], items: readonly ItemState[]): AuditEntry {
  const [first] = items
  return items.length === 1 && first
    ? { action, subject: mediaSubject(first.id), detail: { name: first.name } }
    : { action, detail: { ids: items.map(({ id }) => id) } }
}

/**
 * Writes into the rows of items that they are in the trash.
 * @param into the item that they were merged into, if any
 * @returns the states of the items afterwards
 */
export async function markTrashed(
  trx: Queries,
  items: readonly ItemState[],
  now: Milliseconds,
  by: Actor,
  into: number | null = null,
): Promise<ItemState[]> {
  const ids = JSON.stringify(items.map(({ id }) => id))
  // A command has no account.
  await runIn(trx, markRows, ids, now, by.accountId === null ? null : by.name, into)
  return items.map((item) => ({ ...item, trashed_at: now }))
}

// Each of these queries takes all ids as JSON. In one statement: on SQLite, each statement that fires triggers makes
// FTS5 write what it has gathered. Neither is a change of the item, so `revision` and `changed_at` stay.

const markRows = prepare(
  (
    db,
    ids: Parameter<string>,
    trashed_at: Parameter<number>,
    trashed_by: Parameter<string | null>,
    merged_into: Parameter<number | null>,
  ) =>
    db
      .updateTable('media')
      .set({ trashed_at, trashed_by, merged_into })
      .where('id', 'in', listed<number>(db, 'bigint', ids))
      .compile(),
)

const markRestored = prepare((db, ids: Parameter<string>) =>
  db
    .updateTable('media')
    .set({ trashed_at: null, trashed_by: null, merged_into: null })
    .where('id', 'in', listed<number>(db, 'bigint', ids))
    .compile(),
)
