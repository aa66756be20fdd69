import { type Actor, COMMAND_LINE, mediaSubject, recordAudit, writeAs } from '../../audit/record.ts'
import { mediaNotFound } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import { isLive, pairStates, readStates, updateDerived } from '../change/derived.ts'
import { readItem, type WrittenItem, writeItem } from '../change/edit.ts'
import { writeMemberships } from '../collections/membership.ts'
import { findOpenCollections } from '../collections/requirements.ts'
import { type DetailedItem, type MediaItem, selectDetailedItems, toDetailedItem } from '../item.ts'
import { countVersion } from '../library.ts'
import { combine } from './combine.ts'
import { markTrashed } from './trash.ts'

export interface Merged {
  /** The item that the others were merged into. */
  media: MediaItem
  /** What was left out, in sentences. */
  warnings: string[]
}

/**
 * Merges items into another one, in one transaction: all or nothing. That one gets what it lacks (see `combine`), and
 * the others go to the trash. Until they are restored, their addresses lead to it.
 *
 * @param ids without duplicates and without `into`
 * @throws AppError 404 "Media not found" if one of the items does not exist or is in the trash
 */
export async function mergeMedia(
  database: Database,
  { into, ids }: { into: number; ids: readonly number[] },
  by: Actor = COMMAND_LINE,
): Promise<Merged> {
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    const all = [into, ...ids].sort((a, b) => a - b)
    const before = await readStates(trx, all)
    requireLive(all, before)
    const rows = await runIn(trx, findDetailed, JSON.stringify(all))
    const detailed = new Map(rows.map((row) => [row.id, toDetailedItem(row)]))
    const item = requireDetailed(detailed, into)
    const others = ids.map((id) => requireDetailed(detailed, id))

    const theirs = [...new Set(others.flatMap(({ collections }) => collections))]
    const { combined, warnings } = combine(item, others, await findOpenCollections(trx, theirs))
    if (differs(item, combined)) {
      const change = { id: into, before: item.collections, after: combined.collections }
      await writeMemberships(trx, [change])
      await writeItem(trx, combined, now)
    }
    const gone = before.filter(({ id }) => id !== into)
    const trashed = await markTrashed(trx, gone, now, by, into)
    await countVersion(trx)
    const detail = { name: item.name, ids }
    const entry = { action: 'media-merged', subject: mediaSubject(into), detail } as const
    await recordAudit(trx, by, entry, now)
    const kept = await readStates(trx, [into])
    await updateDerived(trx, pairStates(before, [...trashed, ...kept]))
    return { media: await readItem(trx, into), warnings }
  })
}

function requireLive(
  ids: readonly number[],
  items: readonly { id: number; trashed_at: number | null }[],
): void {
  const found = new Map(items.map((item) => [item.id, item]))
  for (const id of ids) {
    const item = found.get(id)
    if (!item) throw mediaNotFound(`There is no media item with id ${id}.`)
    if (!isLive(item)) throw mediaNotFound(`Item ${id} is in the trash.`)
  }
}

function requireDetailed(items: ReadonlyMap<number, DetailedItem>, id: number): DetailedItem {
  const item = items.get(id)
  // Only in a damaged database.
  if (!item) throw mediaNotFound(`The media item ${id} has no file.`)
  return item
}

/** @param ids as a JSON array */
const findDetailed = prepare((db, ids: Parameter<string>) =>
  selectDetailedItems(db)
    .where('media.id', 'in', listed<number>(db, 'bigint', ids))
    .compile(),
)

const differs = (item: DetailedItem, combined: WrittenItem): boolean =>
  Object.entries(combined).some(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(item[name as keyof DetailedItem]),
  )
