import { sql } from 'kysely'
import { type Actor, COMMAND_LINE, recordAudit } from '../../audit/record.ts'
import { writeAs } from '../../audit/write-as.ts'
import { parametersInvalid } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { isPostgres } from '../../database/engine.ts'
import type { Queries } from '../../database/tables.ts'
import { countVersion } from '../library.ts'
import { MAX_TAGS } from '../parameters.ts'
import { countTags, parseTags } from '../tags.ts'
import { type FailedItem, noSuchItem } from './bulk.ts'
import { reindexItems } from './insert-many.ts'

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

/** In one statement: on SQLite any other that has triggers would write what the index has gathered. */
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

/** How many it has is not said: who may edit an item need not be one who may see it. */
const tooManyTags = (id: number) =>
  parametersInvalid(`Item ${id} would have more tags than the ${MAX_TAGS} that are allowed.`)
