import { foldTagCase } from '../../base/fold.ts'
import type { Queries } from '../../database/tables.ts'
import { parseTags } from '../tags.ts'
import type { Filter } from './filter.ts'
import { createLayout, fromIds, type IdLayout, type IdSet } from './id-set.ts'

export type RangeKind = 'width' | 'height' | 'size' | 'taken'
export type ReadRange = (kind: RangeKind, from: number, to: number) => Promise<Iterable<number>>
export interface Matches {
  layout: IdLayout
  set: IdSet
}

/** PROVISIONAL: replaced by the evaluation by facets. */
export async function evaluateFilter(
  db: Queries,
  filter: Filter,
  _readRange: ReadRange,
): Promise<Matches> {
  const rows = await db.selectFrom('media').select(['id', 'tags', 'trashed_at', 'rating']).execute()
  const ids = rows.filter((row) => {
    const tags = new Set(parseTags(row.tags).map(foldTagCase))
    return (
      (row.trashed_at === null) === (filter.in !== 'trash') &&
      row.rating >= (filter.minRating ?? 0) &&
      (filter.tag ?? []).every((tag) => tags.has(tag)) &&
      !(filter.notTag ?? []).some((tag) => tags.has(tag))
    )
  })
  const layout = createLayout(rows.map(({ id }) => ({ chunk: Math.floor(id / 4096) })))
  return {
    layout,
    set: fromIds(
      layout,
      ids.map(({ id }) => id),
    ),
  }
}
