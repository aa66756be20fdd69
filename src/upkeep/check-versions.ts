import type { Queries } from '../database/tables.ts'
import { countVersion } from '../media/library.ts'
import type { Check } from './finding.ts'

const BATCH = 1000

/** Checks that each replaced item shows its newest version. */
export const checkVersions: Check = async function* ({ database }, advance) {
  for (let after = 0; ; ) {
    const newest = await readNewest(database.read, after)
    for (const { media_id: id, version, file_id, shown } of newest) {
      advance()
      if (file_id === shown) continue
      yield {
        problem: `Item ${id} does not show its newest version, ${version}.`,
        remedy: 'Makes a version of what it shows.',
        async repair(library) {
          const now = await library.database.now()
          await library.database.write(async (trx) => {
            const [row] = await readNewest(trx, id - 1, id)
            if (!row || row.file_id === row.shown) return
            await trx
              .insertInto('versions')
              .values({
                media_id: id,
                version: row.version + 1,
                file_id: row.shown,
                added_at: now,
                added_by: null,
                file_name: row.shown_name,
              })
              .execute()
            await countVersion(trx)
          })
          return { done: 'Made a version of what it shows.' }
        },
      }
    }
    const last = newest.at(-1)
    if (!last || newest.length < BATCH) return
    after = last.media_id
  }
}

/** The newest version of each replaced item with an id above `after` and up to `last`, and the file that it shows. */
const readNewest = (db: Queries, after: number, last = Number.MAX_SAFE_INTEGER) =>
  db
    .selectFrom('versions')
    .innerJoin('media', 'media.id', 'versions.media_id')
    .select(['versions.media_id', 'versions.version', 'versions.file_id'])
    .select(['media.file_id as shown', 'media.file_name as shown_name'])
    .where('versions.media_id', '>', after)
    .where('versions.media_id', '<=', last)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('versions as newer')
            .select('newer.version')
            .whereRef('newer.media_id', '=', 'versions.media_id')
            .whereRef('newer.version', '>', 'versions.version'),
        ),
      ),
    )
    .orderBy('versions.media_id')
    .limit(BATCH)
    .execute()
