import { sql } from 'kysely'
import { fold, foldTagCase } from '../base/fold.ts'
import type { Queries } from '../database/tables.ts'
import { countWrongDoubles, recountDoubles } from '../media/alike/doubles.ts'
import { selectItems, toItem } from '../media/item.ts'
import { countVersion } from '../media/library.ts'
import { LEVELS } from '../media/list/rank.ts'
import { recountTags, tallyTags } from '../media/tags.ts'
import { type Check, type Finding, nameItem } from './finding.ts'

/** Checks that the counts of `media/list/rank.ts` match the items outside of the trash. */
export const checkCounts: Check = async function* ({ database }) {
  // If the count of every block is right, and the sum of each level too, no block is missing.
  const { rows } = await sql<{ wrong: number }>`
    SELECT count(*) AS wrong FROM media_counts AS kept
    WHERE count <> (
      SELECT count(*) FROM media
      WHERE id >= kept.block << kept.level AND id < (kept.block + 1) << kept.level
        AND trashed_at IS NULL
    )
    UNION ALL
    ${sql.join(
      LEVELS.map(
        (level) => sql`
          SELECT count(*) - (
            SELECT coalesce(sum(count), 0) FROM media_counts WHERE level = ${sql.lit(level)}
          ) FROM media WHERE trashed_at IS NULL`,
      ),
      sql` UNION ALL `,
    )}`.execute(database.read)
  if (rows.every(({ wrong }) => wrong === 0)) return
  yield {
    problem: 'The items are counted wrongly, so that lists show a wrong total or wrong pages.',
    remedy: 'Counts them anew.',
    async repair(library) {
      await library.database.write(async (trx) => {
        await trx.deleteFrom('media_counts').execute()
        for (const level of LEVELS) {
          await sql`
            INSERT INTO media_counts (level, block, count)
            SELECT ${sql.lit(level)}, id >> ${sql.lit(level)}, count(*)
            FROM media WHERE trashed_at IS NULL GROUP BY id >> ${sql.lit(level)}`.execute(trx)
        }
        await countVersion(trx)
      })
      return { done: 'Counted them anew.' }
    },
  }
}

const CHUNK_ROWS = 1000
const MAX_TAGS_NAMED = 5

/** Checks that the table `tags` (see `media/tags.ts`) has exactly the tags of items, with correct counts. */
export const checkTags: Check = async function* ({ database }) {
  const wrong = await database.snapshot(findWrong)
  if (wrong.length === 0) return
  const named = wrong.slice(0, MAX_TAGS_NAMED).map((tag) => JSON.stringify(tag))
  if (wrong.length > MAX_TAGS_NAMED) named.push('more')
  yield {
    problem: `Tags are counted or folded wrongly: ${named.join(', ')}.`,
    remedy: 'Counts them anew.',
    async repair(library) {
      await library.database.write(async (trx) => {
        await recountTags(trx)
        await countVersion(trx)
      })
      return { done: 'Counted them anew.' }
    },
  }
}

/** @param db a snapshot of the database */
async function findWrong(db: Queries): Promise<string[]> {
  const tally = await tallyTags(db)
  const wrong: string[] = []
  for await (const row of db.selectFrom('tags').selectAll().stream(CHUNK_ROWS)) {
    const { tag, folded, key, count } = row
    const isFolded = folded === fold(tag) && key === foldTagCase(tag)
    if (count !== tally.get(tag) || !isFolded) wrong.push(tag)
    tally.delete(tag)
  }
  return [...wrong, ...tally.keys()]
}

const BATCH = 1000

/** Checks that the table `doubles` (see `media/alike/doubles.ts`) has exactly the files that several items have. */
export const checkDoubles: Check = async function* ({ database }) {
  const wrong = await database.snapshot(countWrongDoubles)
  if (wrong === 0) return
  yield {
    problem: `The table of duplicates is wrong about ${wrong} files, so lists of exact duplicates are wrong.`,
    remedy: 'Counts them anew.',
    async repair(library) {
      await library.database.write(recountDoubles)
      return { done: 'Counted them anew.' }
    },
  }
}

/** Checks that lists show each item as it is, and nothing else. */
export const checkJson: Check = async function* ({ database }, advance) {
  for (let after = 0; ; ) {
    const rows = await selectItems(database.read)
      .leftJoin('media_json', 'media_json.id', 'media.id')
      .select('media_json.json')
      .where('media.id', '>', after)
      .where('media.trashed_at', 'is', null)
      .orderBy('media.id')
      .limit(BATCH)
      .execute()
    for (const { json, ...row } of rows) {
      advance()
      // `checkItems` reports damaged tags.
      if (isReadable(row.tags) && json !== JSON.stringify(toItem(row))) yield rewrite(row)
    }
    const last = rows.at(-1)
    if (!last || rows.length < BATCH) break
    after = last.id
  }

  const strays = await database.read
    .selectFrom('media_json')
    .select('id')
    .where('id', 'not in', (items) =>
      items.selectFrom('media').select('id').where('trashed_at', 'is', null),
    )
    .orderBy('id')
    .execute()
  for (const { id } of strays) yield forget(id)
}

const rewrite = ({ id, name }: { id: number; name: string }): Finding => ({
  problem: `Lists do not show ${nameItem({ id, name })} as it is.`,
  remedy: 'Writes its entry in lists anew.',
  async repair(library) {
    await library.database.write(async (trx) => {
      // A trigger writes the entry whenever the row is updated.
      await trx
        .updateTable('media')
        .set((row) => ({ name: row.ref('name') }))
        .where('id', '=', id)
        .execute()
      await countVersion(trx)
    })
    return { done: 'Wrote it anew.' }
  },
})

const forget = (id: number): Finding => ({
  problem: `Lists show an item ${id} that is not there.`,
  remedy: 'Deletes its entry in lists.',
  async repair(library) {
    await library.database.write(async (trx) => {
      await trx.deleteFrom('media_json').where('id', '=', id).execute()
      await countVersion(trx)
    })
    return { done: 'Deleted its entry in lists.' }
  },
})

function isReadable(tags: string): boolean {
  try {
    return Array.isArray(JSON.parse(tags))
  } catch {
    return false
  }
}
