/**
 * Fills a library in a fraction of the time: what every transaction would write anew, as the tags, the facets and the
 * orders, is derived once at the end.
 */
import { type Insertable, sql } from 'kysely'
import type { Database } from '../src/database/database.ts'
import { isPostgres } from '../src/database/engine.ts'
import { insertEach } from '../src/database/insert-each.ts'
import type { Queries, Tables } from '../src/database/tables.ts'
import { recountDoubles } from '../src/media/alike/doubles.ts'
import { buildFacets, DERIVED } from '../src/media/filter/rebuild.ts'
import { adjustCounts } from '../src/media/list/rank.ts'
import { insertEntries } from '../src/media/list/search.ts'
import { REBUILT, rebuildOrder } from '../src/media/order/rebuild.ts'
import { parseTags, recountTags } from '../src/media/tags.ts'

/** Inserts items with their entries in the search index and in the counts of ids. */
export async function insertRows(
  trx: Queries,
  items: readonly Insertable<Tables['media']>[],
): Promise<void> {
  const rows = items.map((item) => ({ ...item, changed_at: item.added_at }))
  const ids = await insertMedia(trx, rows)
  await insertEntries(
    trx,
    rows.map(({ name, tags, alt }, index) => ({
      id: ids[index] ?? 0,
      name,
      tags: parseTags(tags),
      file_name: null,
      alt: alt ?? null,
      description: null,
      credit: null,
      translations: '{}',
    })),
  )
  await adjustCounts(trx, ids, 1)
}

async function insertMedia(trx: Queries, rows: readonly Insertable<Tables['media']>[]) {
  const names = Object.keys(rows[0] ?? {}) as (keyof Insertable<Tables['media']>)[]
  const columns = sql.join(names.map((name) => sql.ref(name)))
  if (!isPostgres(trx)) {
    const values = sql.join(names.map(() => sql`?`))
    const insert = sql`INSERT INTO media (${columns}) VALUES (${values})`.compile(trx)
    return insertEach(trx, insert, rows, (row) => names.map((name) => row[name] ?? null))
  }
  const { rows: inserted } = await sql<{ id: number }>`
    INSERT INTO media (${columns})
    SELECT ${columns} FROM json_populate_recordset(NULL::media, ${JSON.stringify(rows)})
    RETURNING id`.execute(trx)
  // Rows get their ids in the order in which they are given, but may be returned in any order.
  return inserted.map(({ id }) => id).sort((a, b) => a - b)
}

/** Derives the rest from all items. */
export async function deriveAll(database: Database): Promise<void> {
  await database.write(async (trx) => {
    await recountTags(trx)
    await recountDoubles(trx)
  })
  await buildFacets(database)
  for (const part of REBUILT) await database.write((trx) => rebuildOrder(trx, part))
  // Without this, the first start of a server derives everything once more.
  await database.write((trx) => trx.updateTable('library').set({ derived: DERIVED }).execute())
}
