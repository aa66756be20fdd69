import { sql } from 'kysely'
import { fold } from '../base/fold.ts'
import { isPostgres } from '../database/engine.ts'
import { listed, type Parameter, prepare, runIn } from '../database/prepared.ts'
import type { Queries } from '../database/tables.ts'

/**
 * The table `tags` holds every tag in use and how many items have it. It is updated with the items, so that
 * no request has to count. A tag that no item has any more is deleted.
 */

/** Items that are read at a time. */
const ROWS_AT_ONCE = 1000

/**
 * Updates the counts after a change of items. Call it late in the transaction, so that writers hold these
 * shared rows briefly. The rows are written in the order of the tags, so that writers never deadlock.
 *
 * @param before the tags that the items had; a tag that two of them had is in it twice
 * @param after the tags that they have now
 */
export async function countTags(
  trx: Queries,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  const changes = new Map<string, number>()
  for (const tag of after) changes.set(tag, (changes.get(tag) ?? 0) + 1)
  for (const tag of before) changes.set(tag, (changes.get(tag) ?? 0) - 1)
  await changeCounts(trx, changes)
}

async function changeCounts(trx: Queries, changes: ReadonlyMap<string, number>): Promise<void> {
  const rows = [...changes]
    .filter(([, change]) => change !== 0)
    .map(([tag, count]) => ({ tag, folded: fold(tag), count }))
    .sort((a, b) => (a.tag < b.tag ? -1 : 1))
  if (rows.length === 0) return
  await runIn(trx, addCounts, JSON.stringify(rows))
  const fewer = rows.filter(({ count }) => count < 0).map(({ tag }) => tag)
  if (fewer.length > 0) await runIn(trx, dropUnused, JSON.stringify(fewer))
}

/** @param rows as JSON, see `changeCounts` */
const addCounts = prepare((db, rows: Parameter<string>) => {
  const all = isPostgres(db)
    ? sql`SELECT tag, folded, count FROM json_to_recordset(${rows}::json)
        AS rows (tag text, folded text, count bigint)`
    : sql`SELECT value ->> 'tag', value ->> 'folded', value ->> 'count' FROM json_each(${rows})`
  // Without WHERE, SQLite would take ON for the condition of a join.
  return sql`INSERT INTO tags (tag, folded, count) ${all} WHERE true
    ON CONFLICT (tag) DO UPDATE SET count = tags.count + excluded.count`.compile(db)
})

/** @param tags as JSON */
const dropUnused = prepare((db, tags: Parameter<string>) =>
  sql`DELETE FROM tags WHERE count <= 0 AND tag IN ${listed<string>(db, 'text', tags)}`.compile(db),
)

/** The tags of a row of media. Of a damaged row, which `doctor` finds, the tags that can be read. */
export function parseTags(tags: string): string[] {
  try {
    const values: unknown = JSON.parse(tags)
    return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : []
  } catch {
    return []
  }
}

/**
 * The tags in use: the most used first, then by their characters.
 * @param search folded; only tags in which it occurs
 * @returns `total` is the number of tags without the limit
 */
export async function listTags(db: Queries, { search, limit }: { search: string; limit: number }) {
  const found = db
    .selectFrom('tags')
    .$if(search !== '', (tags) =>
      tags.where(
        isPostgres(db) ? sql`strpos(folded, ${search})` : sql`instr(folded, ${search})`,
        '>',
        0,
      ),
    )
  const tags = await found
    .select(['tag', 'count'])
    .orderBy('count', 'desc')
    .orderBy('tag')
    .limit(limit)
    .execute()
  const { total } = await found
    .select((row) => row.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  return { tags, total }
}

/** Counts how many items have each tag, by reading every item. */
export async function tallyTags(db: Queries): Promise<Map<string, number>> {
  const tally = new Map<string, number>()
  for await (const { tags } of db
    .selectFrom('media')
    .select('tags')
    .where('trashed_at', 'is', null)
    .stream(ROWS_AT_ONCE)) {
    for (const tag of parseTags(tags)) tally.set(tag, (tally.get(tag) ?? 0) + 1)
  }
  return tally
}

/** Rebuilds the table from the items. */
export async function recountTags(trx: Queries): Promise<void> {
  const tally = await tallyTags(trx)
  await trx.deleteFrom('tags').execute()
  await changeCounts(trx, tally)
}
