import { sql } from 'kysely'
import { isPostgres } from '../../database/engine.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { readStates } from '../change/derived.ts'
import { evaluateFilter } from '../filter/evaluate.ts'
import type { Filter } from '../filter/filter.ts'
import {
  countIds,
  fromIds,
  type IdLayout,
  type IdSet,
  intersect,
  listIds,
} from '../filter/id-set.ts'
import { selectItems, toItem } from '../item.ts'
import { parseTags } from '../tags.ts'
import type { ListQuery } from './list.ts'
import { matchingIds, matchTexts } from './search.ts'

/** The items of a list that has a filter or an order of its own, as a set of ids. */
export interface Chosen {
  layout: IdLayout
  set: IdSet
  total: number
}

/** Up to this number of candidates, comparing their texts costs less than finding every match of the search. */
const MAX_COMPARED = 3000

/** Chooses the items that match a filter and a search. */
export async function chooseItems(
  db: Queries,
  { filter, terms }: Pick<ListQuery, 'filter' | 'terms'>,
): Promise<Chosen> {
  const { layout, set } = await evaluateFilter(db, filter)
  const total = countIds(set)
  if (terms.length === 0 || total === 0) return { layout, set, total }
  // The search index holds no items of the trash.
  const isCompared = filter?.in === 'trash' || total <= MAX_COMPARED
  const matches = isCompared
    ? fromIds(layout, await compareTexts(db, listIds(layout, set), terms))
    : fromIds(layout, await findMatches(db, terms))
  intersect(set, matches)
  return { layout, set, total: countIds(set) }
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

/** The JSON of items of the library or of the trash, in the order of the ids. */
export async function readJson(
  db: Queries,
  ids: readonly number[],
  filter: Filter | undefined,
): Promise<string[]> {
  const rows =
    filter?.in === 'trash'
      ? await readTrashed(db, ids)
      : await runIn(db, findJson, JSON.stringify(ids))
  const byId = new Map(rows.map(({ id, json }) => [id, json]))
  return ids.map((id) => {
    const json = byId.get(id)
    if (json === undefined) throw new Error(`The JSON of item ${id} is missing.`)
    return json
  })
}

/** Items in the trash have no stored JSON. They also show when and by whom they were moved there. */
async function readTrashed(db: Queries, ids: readonly number[]) {
  const rows = await selectItems(db)
    .select(['media.trashed_at', 'media.trashed_by'])
    .where('media.id', 'in', ids)
    .execute()
  return rows.map(({ trashed_at, trashed_by, ...row }) => {
    const trashedAt = trashed_at === null ? null : new Date(trashed_at).toISOString()
    return {
      id: row.id,
      json: JSON.stringify({ ...toItem(row), trashedAt, trashedBy: trashed_by }),
    }
  })
}

const findJson = prepare((db, ids: Parameter<string>) =>
  db
    .selectFrom('media_json')
    .select(['id', 'json'])
    .where('id', 'in', listed<number>(db, 'bigint', ids))
    .compile(),
)
