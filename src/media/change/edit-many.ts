import { type Actor, COMMAND_LINE, recordAudit, writeAs } from '../../audit/record.ts'
import { AppError, parametersInvalid } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { runIn } from '../../database/prepared.ts'
import type { Milliseconds } from '../../database/tables.ts'
import { writeMemberships } from '../collections/membership.ts'
import { parseCollections } from '../filter/facets.ts'
import { countVersion } from '../library.ts'
import { MAX_TRANSLATIONS, patchTranslations } from '../members.ts'
import { MAX_NAME_CODE_POINTS, MAX_TAGS } from '../parameters.ts'
import { parseTags } from '../tags.ts'
import { type FailedItem, noSuchItem } from './bulk.ts'
import { type ItemState, isLive, pairStates, readStates, updateDerived } from './derived.ts'
import { type Edit, updateItem } from './edit.ts'
import type { NamePattern } from './name-pattern.ts'
import { retag, type TagChange, tooManyTags } from './retag.ts'

/** A change of many items. The tags change after `set`. */
export interface ManyEdit {
  /** As `readPatch` returns it, without a name. */
  set: Omit<Edit, 'name'>
  tags: TagChange
  rename?: { text: string; pattern: NamePattern } | undefined
}

/** Changes several items, in one transaction. */
export type EditItems = (database: Database, ids: readonly number[]) => Promise<FailedItem[]>

/**
 * Returns a function that changes items batch by batch. Call it in ascending order of id: the running number of new
 * names follows that order. It returns a failure for each id without an item in the library, and for each item that
 * would have too many tags or translations or too long a name. These items stay as they are.
 */
export function createManyEdit(edit: ManyEdit, by: Actor = COMMAND_LINE): EditItems {
  let number = 0
  return async (database, ids) => {
    const now = await database.now()
    return writeAs(database, by, async (trx) => {
      const items = (await readStates(trx, ids)).filter(isLive)
      const found = new Set(items.map(({ id }) => id))
      const failed = ids.filter((id) => !found.has(id)).map(noSuchItem)
      const changes: { before: ItemState; after: ItemState }[] = []
      for (const before of items) {
        const { id, name } = before
        try {
          changes.push({ before, after: changeItem(before, edit, number + 1, now) })
          number += 1
        } catch (error) {
          if (!(error instanceof AppError)) throw error
          failed.push({ id, name, error })
        }
      }
      if (changes.length === 0) return failed
      for (const { after } of changes) await runIn(trx, updateItem, ...valuesOf(after))
      await writeMemberships(
        trx,
        changes.map(({ before, after }) => ({
          id: before.id,
          before: parseCollections(before.collections),
          after: parseCollections(after.collections),
        })),
      )
      await countVersion(trx)
      const detail = describe(edit, changes)
      await recordAudit(trx, by, { action: 'media-edited', detail }, now)
      // Their positions in collections are known only now.
      const befores = changes.map(({ before }) => before)
      const changed = befores.map(({ id }) => id)
      await updateDerived(trx, pairStates(befores, await readStates(trx, changed)))
      return failed
    })
  }
}

/**
 * @throws AppError 400 if the item would be over a limit. The error does not say what the item has: a caller that may
 *   edit items may not be allowed to view them.
 */
function changeItem(
  before: ItemState,
  { set, tags: tagChange, rename }: ManyEdit,
  n: number,
  now: Milliseconds,
): ItemState {
  const { id } = before
  const tags = retag(set.tags ?? parseTags(before.tags), tagChange)
  if (tags.length > MAX_TAGS) throw tooManyTags(id)
  const date = (before.taken_at ?? new Date(before.added_at).toISOString()).slice(0, 10)
  const name = rename ? rename.pattern({ n, name: before.name, date }) : before.name
  if ([...name].length > MAX_NAME_CODE_POINTS) {
    throw parametersInvalid(
      `Item ${id} would get a name of more than the ${MAX_NAME_CODE_POINTS} characters that are allowed.`,
    )
  }
  const { focus, takenAt, translations, collections, tags: _tags, ...texts } = set
  return {
    ...before,
    ...texts,
    name,
    tags: JSON.stringify(tags),
    ...(focus !== undefined && { focus: focus && JSON.stringify(focus) }),
    ...(takenAt !== undefined && { taken_at: takenAt }),
    ...(translations !== undefined && { translations: translate(before, translations) }),
    ...(collections !== undefined && { collections: JSON.stringify(collections) }),
    changed_at: now,
  }
}

function translate({ id, translations }: ItemState, patch: unknown): string {
  try {
    return JSON.stringify(patchTranslations(JSON.parse(translations), patch))
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw parametersInvalid(
      `Item ${id} would have translations in more than the ${MAX_TRANSLATIONS} languages that are allowed.`,
    )
  }
}

const valuesOf = (item: ItemState) =>
  [
    item.id,
    item.name,
    item.tags,
    item.alt,
    item.description,
    item.credit,
    item.copyright,
    item.source,
    item.rating,
    item.focus,
    item.taken_at,
    item.translations,
    item.collections,
    item.changed_at,
  ] as const

/** One audit row for the whole transaction, as for tags. */
function describe({ set, tags, rename }: ManyEdit, changes: readonly { after: ItemState }[]) {
  const members = Object.keys(set)
  return {
    ids: changes.map(({ after }) => after.id),
    ...(members.length > 0 && { membersSet: members }),
    ...(tags.add.length > 0 && { tagsAdded: tags.add }),
    ...(tags.remove.length > 0 && { tagsRemoved: tags.remove }),
    ...(rename && { pattern: rename.text }),
  }
}
