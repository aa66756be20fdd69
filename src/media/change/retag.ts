import { sql } from 'kysely'
import { type Actor, COMMAND_LINE, recordAudit, writeAs } from '../../audit/record.ts'
import { parametersInvalid } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { isPostgres } from '../../database/engine.ts'
import type { Queries } from '../../database/tables.ts'
import { countVersion } from '../library.ts'
import { MAX_TAGS } from '../parameters.ts'
import { countTags, parseTags } from '../tags.ts'
import { type FailedItem, noSuchItem } from './bulk.ts'
import { reindexItems } from './insert-many.ts'

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
    const items = await trx
      .selectFrom('media')
      .select(['id', 'name', 'tags'])
      .where('id', 'in', ids)
      .orderBy('id')
      .execute()
    const found = new Set(items.map(({ id }) => id))
    const failed = ids.filter((id) => !found.has(id)).map(noSuchItem)
    const changed = []
    for (const { id, name, ...item } of items) {
      const before = parseTags(item.tags)
      const tags = retag(before, change)
      const stored = JSON.stringify(tags)
      if (tags.length > MAX_TAGS) failed.push({ id, name, error: tooManyTags(id) })
      else if (stored !== item.tags) changed.push({ id, name, before, tags, stored })
    }
    if (changed.length === 0) return failed
    await setTags(trx, changed)
    await countTags(
      trx,
      changed.flatMap(({ before }) => before),
      changed.flatMap(({ tags }) => tags),
    )
    await countVersion(trx)
    const { add: tagsAdded, remove: tagsRemoved } = change
    const detail = { ids: changed.map(({ id }) => id), tagsAdded, tagsRemoved }
    await recordAudit(trx, by, { action: 'media-tagged', detail }, now)
    await reindexItems(trx, changed)
    return failed
  })
}

/** In one statement: on SQLite, each statement that fires triggers makes FTS5 write what it has gathered. */
async function setTags(trx: Queries, items: readonly { id: number; stored: string }[]) {
  const rows = JSON.stringify(items.map(({ id, stored }) => [id, stored]))
  await (isPostgres(trx)
    ? sql`UPDATE media SET tags = row ->> 1
        FROM json_array_elements(${rows}::json) AS row WHERE media.id = (row ->> 0)::bigint`
    : sql`UPDATE media SET tags = row.value ->> 1
        FROM json_each(${rows}) AS row WHERE media.id = row.value ->> 0`
  ).execute(trx)
}

function retag(tags: readonly string[], { add, remove }: TagChange): string[] {
  const kept = tags.filter((tag) => !remove.includes(tag))
  return [...kept, ...add.filter((tag) => !kept.includes(tag))]
}

/** Does not say how many tags the item has: a caller that may edit an item may not be allowed to view it. */
const tooManyTags = (id: number) =>
  parametersInvalid(`Item ${id} would have more tags than the ${MAX_TAGS} that are allowed.`)
