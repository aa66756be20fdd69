import { countWrongDoubles, recountDoubles } from '../media/alike/doubles.ts'
import type { Check } from './finding.ts'

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
