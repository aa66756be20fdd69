import { type Actor, COMMAND_LINE, recordAudit, writeAs } from '../../audit/record.ts'
import { parametersInvalid } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { refreshUnder } from '../filter/collection-facets.ts'
import { countVersion } from '../library.ts'
import {
  type Collection,
  type CollectionRow,
  findCollection,
  readCollection,
} from './collection.ts'
import { collectionNotFound, tooManyCollections } from './collection-errors.ts'
import { type CollectionPatch, foldName, type NewCollection } from './collection-fields.ts'
import { placeAfter, placeLast, requireFreeName } from './siblings.ts'
import { requireParent } from './tree.ts'

/** Stands against answers and trees that grow without bound: clients get all collections at once. */
export const MAX_COLLECTIONS = 10_000

export const collectionSubject = (id: number) => `collection:${id}`

/**
 * Makes a collection, or a saved search. It comes behind its siblings.
 * @throws AppError 400 "Invalid parameters", 404 "Collection not found" for its parent, 409 "Name taken", 409 "Too
 *   many collections"
 */
export async function addCollection(
  database: Database,
  { name, parent, description, query }: NewCollection,
  by: Actor = COMMAND_LINE,
): Promise<Collection> {
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    if (parent !== null) await requireParent(trx, parent)
    if (query?.collection !== undefined) await requireNoSearch(trx, query.collection)
    const folded = foldName(name)
    await requireFreeName(trx, parent, { name, folded })
    const { count } = await trx
      .selectFrom('collections')
      .select((row) => row.fn.countAll<number>().as('count'))
      .where('deleted', '=', 0)
      .executeTakeFirstOrThrow()
    if (count >= MAX_COLLECTIONS) throw tooManyCollections(MAX_COLLECTIONS)
    const { id } = await trx
      .insertInto('collections')
      .values({
        name,
        folded,
        description,
        parent,
        position: await placeLast(trx, parent),
        query: query?.text ?? null,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    await countVersion(trx)
    const subject = collectionSubject(id)
    const detail = { name, ...(parent !== null && { parent }), ...(query && { query: query.text }) }
    await recordAudit(trx, by, { action: 'collection-added', subject, detail }, now)
    return readCollection(trx, id)
  })
}

/** A saved search stands for one list, not for one that depends on another search. */
async function requireNoSearch(trx: Queries, id: number): Promise<void> {
  const row = await findCollection(trx, id)
  if (!row) throw parametersInvalid(`query names collection ${id}, which does not exist.`)
  if (row.query !== null) {
    throw parametersInvalid(`query names collection ${id}, which is a saved search itself.`)
  }
}

/**
 * Changes a collection and its place among the others. Its items stay as they are.
 * @throws AppError 400 "Invalid parameters", 404 "Collection not found", 409 "Name taken"
 */
export async function changeCollection(
  database: Database,
  id: number,
  patch: CollectionPatch,
  by: Actor = COMMAND_LINE,
): Promise<Collection> {
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    const before = await findCollection(trx, id)
    if (!before) throw collectionNotFound(id)
    const { after: place, ...members } = patch
    const next = { ...before, ...members }
    const isMoved = next.parent !== before.parent
    if (isMoved && next.parent !== null) await requireParent(trx, next.parent, id)
    const folded = foldName(next.name)
    await requireFreeName(trx, next.parent, { name: next.name, folded, except: id })
    if (next.cover !== before.cover && next.cover !== null) await requireItem(trx, next.cover)
    if (place !== undefined) {
      const present = isMoved ? undefined : before.position
      next.position = await placeAfter(trx, { id, parent: next.parent, after: place, present })
    } else if (isMoved) {
      next.position = await placeLast(trx, next.parent)
    }
    const changes = describeChange(before, next)
    if (Object.keys(changes).length === 0) return readCollection(trx, id)

    const { name, description, parent, position } = next
    await runIn(trx, updateCollection, id, name, folded, description, parent, position)
    // Written only if the patch has it: a cover in the trash reads as null, and must not be lost.
    if (patch.cover !== undefined) await runIn(trx, setCover, id, patch.cover)
    await countVersion(trx)
    if (isMoved)
      await refreshUnder(
        trx,
        [before.parent, parent].filter((it) => it !== null),
      )
    const subject = collectionSubject(id)
    const detail = { name, ...changes }
    await recordAudit(trx, by, { action: 'collection-changed', subject, detail }, now)
    return readCollection(trx, id)
  })
}

/** The members that differ, with their new values. A description may be long, so only its name is there. */
function describeChange(before: CollectionRow, next: CollectionRow) {
  return {
    ...(next.name !== before.name && { name: { from: before.name, to: next.name } }),
    ...(next.parent !== before.parent && { parent: { from: before.parent, to: next.parent } }),
    ...(next.cover !== before.cover && { cover: next.cover }),
    ...(next.description !== before.description && { members: ['description'] }),
    ...(next.position !== before.position && { moved: true }),
  }
}

async function requireItem(trx: Queries, id: number): Promise<void> {
  const [item] = await runIn(trx, findItem, id)
  if (!item) throw parametersInvalid(`cover is ${id}; there is no media item with this id.`)
}

const findItem = prepare((db, id: Parameter<number>) =>
  db
    .selectFrom('media')
    .select('id')
    .where('id', '=', id)
    .where('trashed_at', 'is', null)
    .compile(),
)

const updateCollection = prepare(
  (
    db,
    id: Parameter<number>,
    name: Parameter<string>,
    folded: Parameter<string>,
    description: Parameter<string | null>,
    parent: Parameter<number | null>,
    position: Parameter<number>,
  ) =>
    db
      .updateTable('collections')
      .set({ name, folded, description, parent, position })
      .where('id', '=', id)
      .compile(),
)

const setCover = prepare((db, id: Parameter<number>, cover: Parameter<number | null>) =>
  db.updateTable('collections').set({ cover }).where('id', '=', id).compile(),
)
