import { sql } from 'kysely'
import { fold } from '../base/fold.ts'
import { askWithin } from '../database/database.ts'
import { buildOnce, isPostgres } from '../database/engine.ts'
import type { Queries } from '../database/tables.ts'

/**
 * The table `tags` holds every tag in use and how many items have it. It is kept in step with the
 * items, so that no request counts them; a tag that no item has any more goes.
 */

/** Items that are read at a stretch. */
const ROWS_AT_ONCE = 1000

/**
 * Keeps the counts in step with a change of items, late in its transaction and in the order of the
 * tags, so that writers hold these shared rows briefly and never deadlock.
 *
 * @param before the tags that the items had; one that two of them had is in it twice
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
  const [ask, { add, drop }] = [askWithin(trx), tagQueries(trx)]
  await ask(add, JSON.stringify(rows))
  const fewer = rows.filter(({ count }) => count < 0).map(({ tag }) => tag)
  if (fewer.length > 0) await ask(drop, JSON.stringify(fewer))
}

/** Each takes all rows as one text of JSON. */
const tagQueries = buildOnce((db) => {
  const [all, tag, tags] = isPostgres(db)
    ? [
        sql`SELECT tag, folded, count FROM json_to_recordset(${''}::json)
          AS rows (tag text, folded text, count bigint)`,
        sql`value #>> '{}'`,
        sql`json_array_elements(${''}::json)`,
      ]
    : [
        sql`SELECT value ->> 'tag', value ->> 'folded', value ->> 'count' FROM json_each(${''})`,
        sql`value`,
        sql`json_each(${''})`,
      ]
  return {
    // Without a condition SQLite would take ON for that of a join.
    add: sql`INSERT INTO tags (tag, folded, count) ${all} WHERE true
      ON CONFLICT (tag) DO UPDATE SET count = tags.count + excluded.count`.compile(db),
    drop: sql`DELETE FROM tags WHERE count <= 0 AND tag IN (SELECT ${tag} FROM ${tags})`.compile(
      db,
    ),
  }
})

/** The tags of a row of media. Of a damaged one, which `doctor` finds, those that can be read. */
export function parseTags(tags: string): string[] {
  try {
    const values: unknown = JSON.parse(tags)
    return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : []
  } catch {
    return []
  }
}

/**
 * The tags in use: those used most first, then by their characters.
 * @param search folded; only tags in which it occurs
 * @returns `total` is how many there are without a limit
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

/** How many items have each tag, counted one by one. */
export async function tallyTags(db: Queries): Promise<Map<string, number>> {
  const tally = new Map<string, number>()
  for await (const { tags } of db.selectFrom('media').select('tags').stream(ROWS_AT_ONCE)) {
    for (const tag of parseTags(tags)) tally.set(tag, (tally.get(tag) ?? 0) + 1)
  }
  return tally
}

/** Makes the table anew. */
export async function recountTags(trx: Queries): Promise<void> {
  const tally = await tallyTags(trx)
  await trx.deleteFrom('tags').execute()
  await changeCounts(trx, tally)
}
