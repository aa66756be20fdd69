import { sql } from 'kysely'
import { type Actor, COMMAND_LINE, recordAudit, writeAs } from '../../audit/record.ts'
import { parametersInvalid } from '../../base/errors.ts'
import { foldTagCase } from '../../base/fold.ts'
import type { Database } from '../../database/database.ts'
import { isPostgres } from '../../database/engine.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { countVersion } from '../library.ts'
import { MAX_TAGS } from '../parameters.ts'
import { parseTags } from '../tags.ts'
import { type FailedItem, noSuchItem } from './bulk.ts'
import { type ItemState, isLive, readStates, updateDerived } from './derived.ts'

/** As `readTags` returns them. No tag is in both. */
export interface TagChange {
  add: readonly string[]
  remove: readonly string[]
}

/**
 * Removes tags from several items, and adds others at the end, in one transaction. The other tags of an item
 * keep their order.
 *
 * @param ids ascending
 * @returns a failure for each id without an item, and for each item that would have too many tags
 */
export async function retagItems(
  database: Database,
  ids: readonly number[],
  change: TagChange,
  by: Actor = COMMAND_LINE,
): Promise<FailedItem[]> {
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    const items = (await readStates(trx, ids)).filter(isLive)
    const found = new Set(items.map(({ id }) => id))
    const failed = ids.filter((id) => !found.has(id)).map(noSuchItem)
    const changes: { before: ItemState; after: ItemState }[] = []
    for (const before of items) {
      const { id, name } = before
      const tags = retag(parseTags(before.tags), change)
      const after = { ...before, tags: JSON.stringify(tags), changed_at: now }
      if (tags.length > MAX_TAGS) failed.push({ id, name, error: tooManyTags(id) })
      else if (after.tags !== before.tags) changes.push({ before, after })
    }
    if (changes.length === 0) return failed
    const changed = changes.map(({ after }) => after)
    await setTags(trx, changed, now)
    await countVersion(trx)
    const { add: tagsAdded, remove: tagsRemoved } = change
    const detail = { ids: changed.map(({ id }) => id), tagsAdded, tagsRemoved }
    await recordAudit(trx, by, { action: 'media-tagged', detail }, now)
    await updateDerived(trx, changes)
    return failed
  })
}

/** In one statement: on SQLite, each statement that fires triggers makes FTS5 write what it has gathered. */
async function setTags(
  trx: Queries,
  items: readonly Pick<ItemState, 'id' | 'tags'>[],
  now: Milliseconds,
) {
  const rows = JSON.stringify(items.map(({ id, tags }) => [id, tags]))
  const changed = sql`changed_at = ${now}, revision = revision + 1`
  await (isPostgres(trx)
    ? sql`UPDATE media SET tags = row ->> 1, ${changed}
        FROM json_array_elements(${rows}::json) AS row WHERE media.id = (row ->> 0)::bigint`
    : sql`UPDATE media SET tags = row.value ->> 1, ${changed}
        FROM json_each(${rows}) AS row WHERE media.id = row.value ->> 0`
  ).execute(trx)
}

/** Tags that are removed go whatever their case. */
export function retag(tags: readonly string[], { add, remove }: TagChange): string[] {
  const gone = new Set(remove.map(foldTagCase))
  const kept = tags.filter((tag) => !gone.has(foldTagCase(tag)))
  const keys = new Set(kept.map(foldTagCase))
  const added = add.filter((tag) => {
    const key = foldTagCase(tag)
    return !keys.has(key) && keys.add(key)
  })
  return [...kept, ...added]
}

/** Does not say how many tags the item has: a caller that may edit an item may not be allowed to view it. */
export const tooManyTags = (id: number) =>
  parametersInvalid(`Item ${id} would have more tags than the ${MAX_TAGS} that are allowed.`)
