import { fold } from '../base/fold.ts'
import type { Queries } from '../database/tables.ts'
import { countVersion } from '../media/library.ts'
import { recountTags, tallyTags } from '../media/tags.ts'
import type { Check } from './finding.ts'

const CHUNK_ROWS = 1000
const MAX_TAGS_NAMED = 5

/** The table of tags (see `media/tags.ts`) has those that items have, as often as they have them. */
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

/** @param db one state of the database */
async function findWrong(db: Queries): Promise<string[]> {
  const tally = await tallyTags(db)
  const wrong: string[] = []
  for await (const { tag, folded, count } of db.selectFrom('tags').selectAll().stream(CHUNK_ROWS)) {
    if (count !== tally.get(tag) || folded !== fold(tag)) wrong.push(tag)
    tally.delete(tag)
  }
  return [...wrong, ...tally.keys()]
}
