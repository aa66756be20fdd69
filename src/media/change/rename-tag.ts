import { sql } from 'kysely'
import { type Actor, COMMAND_LINE, recordAudit, writeAs } from '../../audit/record.ts'
import { foldTagCase } from '../../base/fold.ts'
import type { Database } from '../../database/database.ts'
import { listedRows, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { countVersion } from '../library.ts'
import { chooseNow } from '../list/choose-items.ts'
import { parseTags } from '../tags.ts'
import type { FailedItem } from './bulk.ts'
import { type ItemState, readStates, updateDerived } from './derived.ts'
import { type Chosen, chooseSet } from './selection.ts'

/** A change of one tag of all items, whatever its case. */
export interface TagRename {
  from: string
  /** Undefined if the tag is removed. */
  to: string | undefined
}

/** What a rename needs of a `PacedWork`. */
export interface TagWork {
  work(database: Database, ids: readonly number[]): Promise<FailedItem[]>
  conclude(): Promise<void>
}

/** Finds the items that have a tag, whatever its case: first in the library, then in the trash. */
export async function findTagged(db: Queries, tag: string): Promise<Chosen> {
  const filter = { tag: [foldTagCase(tag)] }
  const found = []
  for (const place of [filter, { ...filter, in: 'trash' as const }]) {
    const { layout, set } = await chooseNow(db, { filter: place, terms: [] })
    found.push(chooseSet(layout, set))
  }
  return {
    total: found.reduce((sum, { total }) => sum + total, 0),
    slices: (async function* () {
      for (const { slices } of found) yield* slices
    })(),
  }
}

/**
 * Renames or removes a tag, in batches. Revisions and times of change of the items stay as they are. An item that is
 * deleted meanwhile counts as done. However the work ends, the audit trail gets one entry at the end if any item was
 * changed. It gets none if the process dies before.
 */
export function createTagWork(
  database: Database,
  rename: TagRename,
  by: Actor = COMMAND_LINE,
): TagWork {
  let items = 0
  return {
    async work(timed, ids) {
      items += await renameIn(timed, ids, rename, by)
      return []
    },
    async conclude() {
      if (items === 0) return
      const now = await database.now()
      const { from, to } = rename
      const entry =
        to === undefined
          ? ({ action: 'tag-removed', detail: { tag: from, items } } as const)
          : ({ action: 'tag-renamed', detail: { from, to, items } } as const)
      // Does not check permissions again: these items are changed already.
      await database.write((trx) => recordAudit(trx, by, entry, now))
    },
  }
}

/**
 * Renames a tag of several items, in one transaction.
 * @param ids ascending
 * @returns how many of them were changed
 */
async function renameIn(
  database: Database,
  ids: readonly number[],
  rename: TagRename,
  by: Actor,
): Promise<number> {
  return writeAs(database, by, async (trx) => {
    const changes: { before: ItemState; after: ItemState }[] = []
    for (const before of await readStates(trx, ids)) {
      const tags = parseTags(before.tags)
      const after = { ...before, tags: JSON.stringify(renameTag(tags, rename)) }
      if (after.tags !== JSON.stringify(tags)) changes.push({ before, after })
    }
    if (changes.length === 0) return 0
    await runIn(
      trx,
      setTags,
      JSON.stringify(changes.map(({ after: { id, tags } }) => ({ id, tags }))),
    )
    await countVersion(trx)
    await updateDerived(trx, changes)
    return changes.length
  })
}

const setTags = prepare((db, rows: Parameter<string>) =>
  sql`UPDATE media SET tags = changed.tags
    FROM ${listedRows(db, { id: 'bigint', tags: 'text' }, rows)} AS changed
    WHERE media.id = changed.id`.compile(db),
)

/**
 * Renames a tag in a list of tags. If the list has both tags, or several spellings of one, the new tag stands there
 * once, at the place of the first.
 */
export function renameTag(tags: readonly string[], { from, to }: TagRename): string[] {
  const key = foldTagCase(from)
  const keys = tags.map(foldTagCase)
  if (!keys.includes(key)) return [...tags]
  if (to === undefined) return tags.filter((_, index) => keys[index] !== key)
  const same = [key, foldTagCase(to)]
  const first = keys.findIndex((one) => same.includes(one))
  return tags.flatMap((tag, index) => {
    if (index === first) return [to]
    return same.includes(keys[index] ?? '') ? [] : [tag]
  })
}
