import { correctKeys, findWrongKeys } from '../media/change/focus-keys.ts'
import { countVersion } from '../media/library.ts'
import type { Check } from './finding.ts'

/** Checks that the immutable addresses of items with a focus have the key of that focus. */
export const checkKeys: Check = async function* ({ database }) {
  const wrong = await findWrongKeys(database.read)
  if (wrong.length === 0) return
  const items = wrong.length === 1 ? `item ${wrong[0]?.id}` : `${wrong.length} items`
  yield {
    problem: `The immutable URLs of ${items} do not match the focus.`,
    remedy: 'Corrects the URLs.',
    async repair(library) {
      await library.database.write(async (trx) => {
        await correctKeys(trx, await findWrongKeys(trx), true)
        await countVersion(trx)
      })
      return { done: 'Corrected the URLs.' }
    },
  }
}
