import { type Actor, COMMAND_LINE, recordAudit } from '../audit/record.ts'
import type { Database } from '../database/database.ts'
import { parametersInvalid } from '../errors.ts'
import { type FailedItem, noSuchItem } from './bulk.ts'
import { countVersion } from './library.ts'
import { MAX_TAGS } from './parameters.ts'
import { indexMedia, unindexMedia } from './search.ts'
import { countTags, parseTags } from './tags.ts'

/** As `readTags` gives them; no tag is in both. */
export interface TagChange {
  add: readonly string[]
  remove: readonly string[]
}

/**
 * Takes tags from several items and gives them others, which come last, in one transaction. What
 * else an item has stays in its order.
 *
 * @param ids ascending
 * @returns those that there are not, and those that would have too many tags
 */
export async function retagItems(
  database: Database,
  ids: readonly number[],
  change: TagChange,
  by: Actor = COMMAND_LINE,
): Promise<FailedItem[]> {
  const now = await database.now()
  return database.write(async (trx) => {
    const items = await trx
      .selectFrom('media')
      .select(['id', 'name', 'tags'])
      .where('id', 'in', ids)
      .orderBy('id')
      .execute()
    const found = new Set(items.map(({ id }) => id))
    const failed = ids.filter((id) => !found.has(id)).map(noSuchItem)
    const before: string[] = []
    const after: string[] = []
    const changed: number[] = []

    for (const { id, name, ...item } of items) {
      const tags = retag(parseTags(item.tags), change)
      const stored = JSON.stringify(tags)
      if (tags.length > MAX_TAGS) {
        failed.push({ id, name, error: tooManyTags(id) })
      } else if (stored !== item.tags) {
        await trx.updateTable('media').set({ tags: stored }).where('id', '=', id).execute()
        await unindexMedia(trx, id)
        await indexMedia(trx, id, name, tags)
        before.push(...parseTags(item.tags))
        after.push(...tags)
        changed.push(id)
      }
    }
    if (changed.length === 0) return failed
    await countTags(trx, before, after)
    await countVersion(trx)
    const { add: tagsAdded, remove: tagsRemoved } = change
    const detail = { ids: changed, tagsAdded, tagsRemoved }
    await recordAudit(trx, by, { action: 'media-tagged', detail }, now)
    return failed
  })
}

function retag(tags: readonly string[], { add, remove }: TagChange): string[] {
  const kept = tags.filter((tag) => !remove.includes(tag))
  return [...kept, ...add.filter((tag) => !kept.includes(tag))]
}

/** How many it has is not said: who may edit an item need not be one who may see it. */
const tooManyTags = (id: number) =>
  parametersInvalid(`Item ${id} would have more tags than the ${MAX_TAGS} that are allowed.`)
