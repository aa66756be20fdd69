import { type Actor, COMMAND_LINE, recordAudit, writeAs } from '../../audit/record.ts'
import { type AppError, parametersInvalid } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { type FailedItem, noSuchItem } from '../change/bulk.ts'
import { isLive, pairStates, readStates, updateDerived } from '../change/derived.ts'
import { parseCollections } from '../filter/facets.ts'
import { countVersion } from '../library.ts'
import { MAX_COLLECTIONS_OF_ITEM } from '../members.ts'
import { type Membership, setCollections, writeMemberships } from './membership.ts'
import { requireAddable } from './requirements.ts'

/** Ids of collections, ascending. None is in both. */
export interface CollectionChange {
  add: readonly number[]
  remove: readonly number[]
}

/**
 * Takes several items out of collections and puts them into others, in one transaction. This is a change of
 * the items, as a change of tags is: their revisions grow.
 *
 * @param ids ascending
 * @returns a failure for each id without an item, and for each item that would be in too many collections
 * @throws AppError 404 "Collection not found" if one to add does not exist; 400 "Invalid parameters" for a saved search
 */
export async function collectItems(
  database: Database,
  ids: readonly number[],
  { add, remove }: CollectionChange,
  by: Actor = COMMAND_LINE,
): Promise<FailedItem[]> {
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    await requireAddable(trx, add)
    const items = (await readStates(trx, ids)).filter(isLive)
    const found = new Set(items.map(({ id }) => id))
    const failed = ids.filter((id) => !found.has(id)).map(noSuchItem)
    const changed: { id: number; collections: string }[] = []
    const memberships: Membership[] = []
    for (const item of items) {
      const { id, name } = item
      const before = parseCollections(item.collections)
      const kept = before.filter((collection) => !remove.includes(collection))
      const after = [...new Set([...kept, ...add])].sort((a, b) => a - b)
      if (after.length > MAX_COLLECTIONS_OF_ITEM) {
        failed.push({ id, name, error: inTooMany(id) })
        continue
      }
      const collections = JSON.stringify(after)
      if (collections === item.collections) continue
      memberships.push({ id, before, after })
      changed.push({ id, collections })
    }
    if (changed.length === 0) return failed
    await writeMemberships(trx, memberships)
    await setCollections(trx, changed, now)
    await countVersion(trx)
    const changedIds = changed.map(({ id }) => id)
    const detail = {
      ids: changedIds,
      ...(add.length > 0 && { added: add }),
      ...(remove.length > 0 && { removed: remove }),
    }
    await recordAudit(trx, by, { action: 'media-collected', detail }, now)
    const before = items.filter(({ id }) => changedIds.includes(id))
    await updateDerived(trx, pairStates(before, await readStates(trx, changedIds)))
    return failed
  })
}

/** Does not say in how many it is: a caller that may edit an item may not be allowed to view it. */
const inTooMany = (id: number): AppError =>
  parametersInvalid(
    `Item ${id} would be in more collections than the ${MAX_COLLECTIONS_OF_ITEM} that are allowed.`,
  )
