import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { updateDoubles } from '../alike/doubles.ts'
import { updateFacets } from '../filter/update-facets.ts'
import { adjustCounts } from '../list/rank.ts'
import { insertEntries, type SearchTexts, unindexItems } from '../list/search.ts'
import { updateOrders } from '../order/orders.ts'
import { positionsOf } from '../order/positions.ts'
import { countTags, labelTags, parseTags } from '../tags.ts'
import { updateFocusKeys } from './focus-keys.ts'

/*
 * The one place that updates what is derived from items: the search index, the tags in use, the facets of filters, the
 * orders, the keys of addresses, the table of files that several items have, and the counts that find positions.
 * (Triggers write the JSON of items.) Each change of items passes on what the items were and what they are; this file updates the difference in the
 * same transaction.
 *
 * An item in the trash is in no structure that lists of the library are read from. It keeps its facets, because the
 * trash is filtered too, and the trash has orders of its own.
 */

/** The columns of an item and of its file that something is derived from. */
const COLUMNS = [
  'media.id',
  'media.file_id',
  'media.name',
  'media.tags',
  'media.file_name',
  'media.alt',
  'media.description',
  'media.credit',
  'media.copyright',
  'media.source',
  'media.rating',
  'media.focus',
  'media.focus_key',
  'media.taken_at',
  'media.translations',
  'media.location',
  'media.collections',
  'media.added_by',
  'media.added_at',
  'media.changed_at',
  'media.trashed_at',
  'files.type',
  'files.size',
  'files.width',
  'files.height',
  'files.frames',
  'files.color',
  'files.reveals',
] as const

const selectStates = (db: Queries) =>
  // An item whose file is missing, as in a damaged database, must still be found, so that it can be deleted.
  db
    .selectFrom('media')
    .leftJoin('files', 'files.id', 'media.file_id')
    .select(COLUMNS)
    .select(positionsOf(db).as('positions'))

export type ItemState = Awaited<
  ReturnType<ReturnType<typeof selectStates>['executeTakeFirstOrThrow']>
>

/** @param ids as a JSON array; ids without an item are left out. Ascending. */
const findStates = prepare((db, ids: Parameter<string>) =>
  selectStates(db)
    .where('media.id', 'in', listed<number>(db, 'bigint', ids))
    .orderBy('media.id')
    .compile(),
)

/** Reads items as `updateDerived` needs them, in ascending order of id. Ids without an item are left out. */
export const readStates = (trx: Queries, ids: readonly number[]): Promise<ItemState[]> =>
  runIn(trx, findStates, JSON.stringify(ids))

/** An item before and after a change. One of them is absent if the item was added or removed. */
export interface ItemChange {
  before?: ItemState | undefined
  after?: ItemState | undefined
}

/** Pairs the states of items before and after a change. */
export function pairStates(
  before: readonly ItemState[],
  after: readonly ItemState[],
): ItemChange[] {
  const byId = new Map<number, ItemChange>(before.map((state) => [state.id, { before: state }]))
  for (const state of after) byId.set(state.id, { ...byId.get(state.id), after: state })
  return [...byId.values()]
}

/**
 * Updates everything that is derived from these items. Call it last in the transaction: it writes rows that all
 * writers share, and on SQLite every later statement of several rows makes FTS5 write what it has gathered.
 * The caller must increase the library's version, and do so before.
 *
 * @param changes in ascending order of id
 */
export async function updateDerived(trx: Queries, changes: readonly ItemChange[]): Promise<void> {
  await updateFocusKeys(trx, changes)
  const live = (state: ItemState | undefined) => (state && isLive(state) ? state : undefined)
  const keys = await countTags(
    trx,
    changes.flatMap(({ before }) => parseTags(live(before)?.tags ?? '[]')),
    changes.flatMap(({ after }) => parseTags(live(after)?.tags ?? '[]')),
  )
  await updateFacets(trx, changes)
  await updateOrders(trx, changes)
  await labelTags(trx, keys)
  await updateDoubles(
    trx,
    changes.map(({ before, after }) => ({
      before: live(before)?.file_id,
      after: live(after)?.file_id,
    })),
  )
  await updateSearch(trx, changes)
  const idsOf = (which: 'before' | 'after', other: 'before' | 'after') =>
    changes.flatMap((change) => {
      const state = live(change[which])
      return state && !live(change[other]) ? [state.id] : []
    })
  await adjustCounts(trx, idsOf('before', 'after'), -1)
  await adjustCounts(trx, idsOf('after', 'before'), 1)
}

export const isLive = ({ trashed_at }: Pick<ItemState, 'trashed_at'>): boolean =>
  trashed_at === null

async function updateSearch(trx: Queries, changes: readonly ItemChange[]): Promise<void> {
  const gone: number[] = []
  const come: (SearchTexts & { id: number })[] = []
  for (const { before, after } of changes) {
    const was = before && isLive(before) ? before : undefined
    const is = after && isLive(after) ? after : undefined
    if (was && is && SEARCHED.every((column) => was[column] === is[column])) continue
    if (was) gone.push(was.id)
    if (is) come.push({ ...is, tags: parseTags(is.tags) })
  }
  if (gone.length > 0) await unindexItems(trx, gone)
  await insertEntries(trx, come)
}

/** The columns that searches look into. */
const SEARCHED = [
  'name',
  'tags',
  'file_name',
  'alt',
  'description',
  'credit',
  'translations',
] as const
