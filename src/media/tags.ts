import { sql } from 'kysely'
import { fold, foldTagCase } from '../base/fold.ts'
import { isPostgres } from '../database/engine.ts'
import {
  isListed,
  listed,
  listedRows,
  type Parameter,
  prepare,
  runIn,
} from '../database/prepared.ts'
import type { Queries } from '../database/tables.ts'

/**
 * The table `tags` holds every spelling of a tag in use, and how many items in the library have it. Spellings that
 * differ in case alone have one key, and are one tag for lists and filters: the facet of that key, which bears the
 * spelling that most items have. Both are updated with the items, so that no request has to count.
 */

/** Items that are read at a time. */
const ROWS_AT_ONCE = 1000

/**
 * Updates the counts after a change of items. Call it late in the transaction, so that writers hold these
 * shared rows briefly. The rows are written in the order of the tags, so that writers never deadlock.
 *
 * @param before the tags that the items had; a tag that two of them had is in it twice
 * @param after the tags that they have now
 * @returns the keys of the tags that are counted otherwise than before, for `labelTags`
 */
export async function countTags(
  trx: Queries,
  before: readonly string[],
  after: readonly string[],
): Promise<string[]> {
  const changes = new Map<string, number>()
  for (const tag of after) changes.set(tag, (changes.get(tag) ?? 0) + 1)
  for (const tag of before) changes.set(tag, (changes.get(tag) ?? 0) - 1)
  return changeCounts(trx, changes)
}

async function changeCounts(trx: Queries, changes: ReadonlyMap<string, number>): Promise<string[]> {
  const rows = [...changes]
    .filter(([, change]) => change !== 0)
    .map(([tag, count]) => ({ tag, folded: fold(tag), key: foldTagCase(tag), count }))
    .sort((a, b) => (a.tag < b.tag ? -1 : 1))
  if (rows.length === 0) return []
  await runIn(trx, addCounts, JSON.stringify(rows))
  const fewer = rows.filter(({ count }) => count < 0).map(({ tag }) => tag)
  if (fewer.length > 0) await runIn(trx, dropUnused, JSON.stringify(fewer))
  return [...new Set(rows.map(({ key }) => key))]
}

/** @param rows as JSON, see `changeCounts` */
const addCounts = prepare((db, rows: Parameter<string>) => {
  const columns = { tag: 'text', folded: 'text', key: 'text', count: 'bigint' } as const
  // Without WHERE, SQLite would take ON for the condition of a join.
  return sql`
    INSERT INTO tags (tag, folded, key, count)
    SELECT tag, folded, key, count FROM ${listedRows(db, columns, rows)} AS counted WHERE true
    ON CONFLICT (tag) DO UPDATE SET count = tags.count + excluded.count`.compile(db)
})

/** @param tags as JSON */
const dropUnused = prepare((db, tags: Parameter<string>) =>
  sql`DELETE FROM tags WHERE count <= 0 AND tag IN ${listed<string>(db, 'text', tags)}`.compile(db),
)

/**
 * Gives facets of tags the spelling that most items have; among several, the first by its characters. Call it after
 * `countTags` and `updateFacets`. A facet of items in the trash alone keeps the spelling it had.
 *
 * @param keys in the form of `foldTagCase`
 */
export async function labelTags(trx: Queries, keys: readonly string[]): Promise<void> {
  if (keys.length > 0) await runIn(trx, labelSome, JSON.stringify(keys))
}

const labelSome = prepare((db, keys: Parameter<string>) =>
  sql`${LABEL} AND ${isListed<string>(db, sql`value`, 'text', keys)}`.compile(db),
)

/** Like `labelTags`, for all facets of tags. */
export async function labelAllTags(trx: Queries): Promise<void> {
  await LABEL.execute(trx)
  await sql`
    UPDATE facets SET folded = (SELECT folded FROM tags WHERE tag = facets.label)
    WHERE kind = 'tag' AND live > 0
      AND folded IS DISTINCT FROM (SELECT folded FROM tags WHERE tag = facets.label)`.execute(trx)
}

const MOST_USED = sql`FROM tags WHERE key = facets.value ORDER BY count DESC, tag LIMIT 1`

const LABEL = sql`
  UPDATE facets SET (label, folded) = (SELECT tag, folded ${MOST_USED})
  WHERE kind = 'tag' AND live > 0 AND label IS DISTINCT FROM (SELECT tag ${MOST_USED})`

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
 * The tags in use: the most used first, then by their characters. Tags that differ in case alone are one.
 * @param search folded; only tags in which it occurs
 * @returns `total` is the number of tags without the limit
 */
export async function listTags(db: Queries, { search, limit }: { search: string; limit: number }) {
  const found = db
    .selectFrom('facets')
    // Written out, so that SQLite can read the index that has these rows alone.
    .where(sql<boolean>`kind = 'tag' AND live > 0`)
    .$if(search !== '', (tags) =>
      tags.where(
        isPostgres(db) ? sql`strpos(folded, ${search})` : sql`instr(folded, ${search})`,
        '>',
        0,
      ),
    )
  const rows = await found
    .select(['label', 'value', 'live'])
    .orderBy('live', 'desc')
    .orderBy('label')
    .limit(limit)
    .execute()
  const { total } = await found
    .select((row) => row.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  // Only a damaged database lacks a label.
  const tags = rows.map(({ label, value, live }) => ({ tag: label ?? value, count: live }))
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
  await labelAllTags(trx)
}
