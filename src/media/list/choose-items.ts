import { sql } from 'kysely'
import { isPostgres } from '../../database/engine.ts'
import { runWithin } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { readStates } from '../change/derived.ts'
import { evaluateFilter, readFacetSet } from '../filter/evaluate.ts'
import {
  countIds,
  fromIds,
  type IdLayout,
  type IdSet,
  intersect,
  listIds,
} from '../filter/id-set.ts'
import { selectItems, toItem } from '../item.ts'
import { readVersion } from '../library-state.ts'
import { numberKey, takenKeyOf } from '../order/keys.ts'
import { ORDERS } from '../order/lists.ts'
import { readRange } from '../order/order-pages.ts'
import { parseTags } from '../tags.ts'
import { TRASH_COLUMNS, toTrashMembers } from '../trash/trashed-items.ts'
import type { ListQuery } from './list.ts'
import { matchingIds, matchTexts } from './search.ts'

/** The items that a filter and a search find, as a set of ids. */
export interface Chosen {
  layout: IdLayout
  set: IdSet
  total: number
  /** Only for a collection's own order: the chosen items that are directly in the collection. */
  direct?: { set: IdSet; total: number }
}

/** Up to this number of candidates, comparing their texts costs less than finding every match of the search. */
const MAX_COMPARED = 3000

/**
 * Chooses the items that match a filter and a search.
 * @param trx a transaction that sees this version of the library
 */
export async function chooseItems(
  trx: Queries,
  version: number,
  { filter = {}, terms, order }: Pick<ListQuery, 'filter' | 'terms' | 'order'>,
): Promise<Chosen> {
  const isTrash = filter.in === 'trash'
  const { layout, set } = await evaluateFilter(trx, filter, async (kind, from, to) => {
    const key = kind === 'taken' ? takenKeyOf : numberKey
    const ids = await readRange(runWithin(trx), version, ORDERS[kind], isTrash, key(from), key(to))
    if (!ids) throw new Error('The version of the library changed within a transaction.')
    return ids
  })
  const total = countIds(set)
  if (terms.length > 0 && total > 0) {
    // The search index holds no items of the trash.
    const matches =
      isTrash || total <= MAX_COMPARED
        ? await compareTexts(trx, listIds(layout, set), terms)
        : await findMatches(trx, terms)
    intersect(set, fromIds(layout, matches))
  }
  const chosen = { layout, set, total: countIds(set) }
  if (order !== 'collection') return chosen
  const value = String(filter.collection)
  const direct = intersect(await readFacetSet(trx, layout, { kind: 'collection', value }), set)
  return { ...chosen, direct: { set: direct, total: countIds(direct) } }
}

/** Like `chooseItems`, of the library as it is at this moment. */
export async function chooseNow(
  db: Queries,
  query: Pick<ListQuery, 'filter' | 'terms'>,
): Promise<Chosen> {
  const choose = async (trx: Queries) => {
    const { version } = await readVersion(trx)
    return chooseItems(trx, version, { ...query, order: 'added-asc' })
  }
  return db.isTransaction ? choose(db) : db.transaction().execute(choose)
}

/** Items whose texts are read at a time. */
const COMPARED_AT_ONCE = 1000

async function compareTexts(db: Queries, ids: Uint32Array, terms: readonly string[]) {
  const found: number[] = []
  for (let start = 0; start < ids.length; start += COMPARED_AT_ONCE) {
    const some = ids.subarray(start, start + COMPARED_AT_ONCE)
    for (const { tags, ...state } of await readStates(db, [...some])) {
      if (matchTexts({ ...state, tags: parseTags(tags) }, terms)) found.push(state.id)
    }
  }
  return found
}

/** The ids of all matches of a search, as one value: so many rows would cost several times as much. */
async function findMatches(db: Queries, terms: readonly string[]): Promise<number[]> {
  const ids = isPostgres(db)
    ? sql`'[' || coalesce(string_agg(id::text, ','), '') || ']'`
    : sql`json_group_array(id)`
  const { rows } = await sql<{ ids: string }>`
    SELECT ${ids} AS ids FROM (${matchingIds(db, terms)}) AS matches`.execute(db)
  return JSON.parse(rows[0]?.ids ?? '[]')
}

/** Items in the trash have no stored JSON. They also show when and by whom they were moved there. */
export async function readTrashedJson(db: Queries, ids: readonly number[]) {
  const rows = await selectItems(db)
    .select(TRASH_COLUMNS)
    .select((row) =>
      row.selectFrom('library').select('version').$asScalar().$notNull().as('version'),
    )
    .where('media.id', 'in', ids)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    version: row.version,
    json: JSON.stringify({ ...toItem(row), ...toTrashMembers(row) }),
  }))
}
