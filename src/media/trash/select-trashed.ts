import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { matchTexts } from '../list/search.ts'
import { parseTags } from '../tags.ts'

/** Rows that are read at a time. */
const SLICE = 1000

interface TrashSelection {
  /** Folded; none means everything. */
  terms: readonly string[]
  until: number
  except: ReadonlySet<number>
}

/**
 * The ids of items in the trash that match a search, in slices that are ascending. The search index does not have
 * these items, so their texts are read. No snapshot of the database is held between slices.
 */
export async function* readTrashed(
  db: Queries,
  { terms, until, except }: TrashSelection,
): AsyncGenerator<readonly number[]> {
  for (let after = { trashed_at: 0, id: 0 }; ; ) {
    const rows = await runIn(db, findNext, after.trashed_at, after.id, until)
    const ids = rows
      .filter(
        ({ tags, ...texts }) =>
          terms.length === 0 || matchTexts({ ...texts, tags: parseTags(tags) }, terms),
      )
      .map(({ id }) => id)
      .filter((id) => !except.has(id))
    if (ids.length > 0) yield ids.sort((a, b) => a - b)
    const last = rows.at(-1)
    if (!last || rows.length < SLICE) return
    after = { trashed_at: last.trashed_at ?? 0, id: last.id }
  }
}

/** How many items in the trash match a search. */
export async function countTrashed(db: Queries, selection: TrashSelection): Promise<number> {
  let count = 0
  for await (const ids of readTrashed(db, selection)) count += ids.length
  return count
}

/** In the order of the index `media_trashed`. */
const findNext = prepare(
  (db, trashedAt: Parameter<number>, id: Parameter<number>, until: Parameter<number>) =>
    db
      .selectFrom('media')
      .select(['id', 'trashed_at', 'name', 'tags', 'file_name', 'alt', 'description', 'credit'])
      .select('translations')
      .where('trashed_at', 'is not', null)
      .where(({ eb, refTuple, tuple }) =>
        eb(refTuple('trashed_at', 'id'), '>', tuple(trashedAt, id)),
      )
      .where('id', '<=', until)
      .orderBy('trashed_at')
      .orderBy('id')
      .limit((from) => from.lit(SLICE))
      .compile(),
)
