import { type Actor, COMMAND_LINE, mediaSubject, recordAudit, writeAs } from '../../audit/record.ts'
import { AppError, mediaNotFound } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { writeMemberships } from '../collections/membership.ts'
import { requireCollections } from '../collections/requirements.ts'
import {
  type DetailedItem,
  type MediaItem,
  selectDetailedItems,
  selectItems,
  toDetailedItem,
  toItem,
} from '../item.ts'
import { countVersion } from '../library.ts'
import { type MemberChanges, patchTranslations } from '../members.ts'
import { pairStates, readStates, updateDerived } from './derived.ts'

/** Changes of an item. `translations` is the whole value, or a merge patch of it. */
export type Edit = Omit<MemberChanges, 'translations'> & {
  translations?: unknown
}

export interface EditOptions {
  by?: Actor
  /** The item must have one of these revisions. Absent: any revision. */
  revisions?: ReadonlySet<number> | undefined
  /** True if `translations` is a merge patch, and not the whole value. */
  isPatch?: boolean
}

/**
 * Changes the given members of an item.
 *
 * @param edit as `readPatch` or `readMembers` return it
 * @throws AppError 404 "Media not found", also for an item in the trash; 412 "Media changed meanwhile"; 400 for a
 *   collection that does not exist
 */
export async function editMedia(
  database: Database,
  id: number,
  edit: Edit,
  { by = COMMAND_LINE, revisions, isPatch = false }: EditOptions = {},
): Promise<MediaItem> {
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    const [before] = await readStates(trx, [id])
    const item = await readDetailed(trx, id)
    if (!item || before?.trashed_at !== null) {
      throw mediaNotFound(`There is no media item with id ${id}.`)
    }
    if (revisions && !revisions.has(item.revision)) throw changedMeanwhile(id, item.revision)
    const { translations: patch, ...others } = edit
    const from = isPatch ? item.translations : {}
    const given: MemberChanges =
      patch === undefined ? others : { ...others, translations: patchTranslations(from, patch) }
    const next = { ...item, ...given }
    if (given.collections) {
      await changeMembership(trx, id, item.collections, given.collections)
    }
    await writeItem(trx, next, now)
    await countVersion(trx)
    const detail = describeEdit(item, given)
    const subject = mediaSubject(id)
    await recordAudit(trx, by, { action: 'media-edited', subject, detail }, now)
    await updateDerived(trx, pairStates([before], await readStates(trx, [id])))
    return readItem(trx, id)
  })
}

/**
 * Reads an item as the answer of a change shows it.
 * @throws Error if it is not there
 */
export async function readItem(trx: Queries, id: number): Promise<MediaItem> {
  const [row] = await runIn(trx, findItem, id)
  if (!row) throw new Error(`The item ${id} is not there in the transaction that changes it.`)
  return toItem(row)
}

const findItem = prepare((db, id: Parameter<number>) =>
  selectItems(db).where('media.id', '=', id).compile(),
)

/** Reads an item with every member, also one in the trash. */
export async function readDetailed(trx: Queries, id: number): Promise<DetailedItem | undefined> {
  const [row] = await runIn(trx, findDetailed, id)
  return row && toDetailedItem(row)
}

/** The members that people write, of an item. */
export type WrittenItem = Required<MemberChanges> & Pick<DetailedItem, 'id'>

/** Writes these members into the item's row, and counts a revision. The caller does everything else. */
export async function writeItem(trx: Queries, item: WrittenItem, now: Milliseconds): Promise<void> {
  await runIn(
    trx,
    updateItem,
    item.id,
    item.name,
    JSON.stringify(item.tags),
    item.alt,
    item.description,
    item.credit,
    item.copyright,
    item.source,
    item.rating,
    item.focus && JSON.stringify(item.focus),
    item.takenAt,
    JSON.stringify(item.translations),
    JSON.stringify(item.collections),
    now,
  )
}

/**
 * Checks that the new collections exist. The earlier ones are not checked: one of them may be deleted while its id is
 * still being removed from items.
 */
async function changeMembership(
  trx: Queries,
  id: number,
  before: readonly number[],
  after: readonly number[],
): Promise<void> {
  await requireCollections(
    trx,
    after.filter((collection) => !before.includes(collection)),
  )
  await writeMemberships(trx, [{ id, before, after }])
}

const changedMeanwhile = (id: number, revision: number) =>
  new AppError('media-changed', 412, 'Media changed meanwhile', {
    detail: `Item ${id} has revision ${revision} by now; read it again, and repeat the change on that.`,
  })

const findDetailed = prepare((db, id: Parameter<number>) =>
  selectDetailedItems(db).where('media.id', '=', id).compile(),
)

/** Writes the members that people write, and counts a revision. */
export const updateItem = prepare(
  (
    db,
    id: Parameter<number>,
    name: Parameter<string>,
    tags: Parameter<string>,
    alt: Parameter<string | null>,
    description: Parameter<string | null>,
    credit: Parameter<string | null>,
    copyright: Parameter<string | null>,
    source: Parameter<string | null>,
    rating: Parameter<number>,
    focus: Parameter<string | null>,
    taken_at: Parameter<string | null>,
    translations: Parameter<string>,
    collections: Parameter<string>,
    changed_at: Parameter<number>,
  ) =>
    db
      .updateTable('media')
      .set({ name, tags, alt, description, credit, copyright, source, rating, focus, taken_at })
      .set({ translations, collections, changed_at })
      .set((row) => ({ revision: row('revision', '+', row.lit(1)) }))
      .where('id', '=', id)
      .compile(),
)

/** What changed, for the audit trail: name and tags with their values, other members by name. */
function describeEdit(before: DetailedItem, given: MemberChanges) {
  const { name = before.name, tags = before.tags, ...others } = given
  const members = Object.keys(others).filter(
    (member) =>
      JSON.stringify(others[member as keyof typeof others]) !==
      JSON.stringify(before[member as keyof typeof others]),
  )
  return {
    ...(name !== before.name && { name: { from: before.name, to: name } }),
    ...tellTagChange(before.tags, tags),
    ...(members.length > 0 && { members }),
  }
}

/** The tags that were added and removed. Lists without a tag are left out. */
function tellTagChange(before: readonly string[], after: readonly string[]) {
  const removed = before.filter((tag) => !after.includes(tag))
  const added = after.filter((tag) => !before.includes(tag))
  return {
    ...(added.length > 0 && { tagsAdded: added }),
    ...(removed.length > 0 && { tagsRemoved: removed }),
  }
}
