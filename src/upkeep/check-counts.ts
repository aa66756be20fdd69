import { sql } from 'kysely'
import { countVersion } from '../media/library.ts'
import { LEVELS } from '../media/list/rank.ts'
import type { Check } from './finding.ts'

/** The counts of `media/rank.ts` are those of the items. */
export const checkCounts: Check = async function* ({ database }) {
  // Where every block that is counted is right and so is their sum, none is missing.
  const { rows } = await sql<{ wrong: number }>`
    SELECT count(*) AS wrong FROM media_counts AS kept
    WHERE count <> (
      SELECT count(*) FROM media
      WHERE id >= kept.block << kept.level AND id < (kept.block + 1) << kept.level
    )
    UNION ALL
    ${sql.join(
      LEVELS.map(
        (level) => sql`
          SELECT count(*) - (
            SELECT coalesce(sum(count), 0) FROM media_counts WHERE level = ${sql.lit(level)}
          ) FROM media`,
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
            FROM media GROUP BY id >> ${sql.lit(level)}`.execute(trx)
        }
        await countVersion(trx)
      })
      return { done: 'Counted them anew.' }
    },
  }
}
