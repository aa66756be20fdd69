import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { focusKey, readDeliverySecret } from '../../images/digests.ts'
import type { Focus } from '../item.ts'

/*
 * The focus of an item decides what crops of its image keep. So an item with a focus has a key of its own in its
 * immutable addresses, `media.focus_key`, which changes with the focus. All other items have the key of their file.
 * Addresses with an earlier key lead to those with the present one, by the table `earlier_keys`.
 */

/** What the key of an item follows from, and its key. */
interface Focused {
  id: number
  file_id: number
  focus: string | null
  focus_key: string | null
}

interface FocusChange {
  before?: Focused | undefined
  after?: Focused | undefined
}

/** Updates the keys of items whose focus or file has changed. `updateDerived` calls it. */
export async function updateFocusKeys(
  trx: Queries,
  changes: readonly FocusChange[],
): Promise<void> {
  const changed = changes.filter(hasChanged)
  if (changed.length === 0) return
  const keyOf = await readKeys(
    trx,
    changed.map(({ after }) => after.id),
  )
  for (const { before, after } of changed) {
    const key = keyOf.get(after.id) ?? null
    // An item that arrives by a copy brings its key.
    if (before || after.focus_key === null) await runIn(trx, setKey, key, after.id)
    if (key !== null) await runIn(trx, forgetEarlier, key, after.id)
    const earlier = before?.file_id === after.file_id ? before.focus_key : null
    if (earlier !== null && earlier !== key) {
      await runIn(trx, noteEarlier, earlier, after.id, after.file_id)
    }
  }
}

const hasChanged = (change: FocusChange): change is FocusChange & { after: Focused } => {
  const { before, after } = change
  if (!after || (after.focus === null && (before?.focus ?? null) === null)) return false
  return before?.focus !== after.focus || before.file_id !== after.file_id
}

/** An item whose key is not that of its focus. */
export interface WrongKey {
  id: number
  file_id: number
  /** The key that it has. */
  focus_key: string | null
  /** The right one. */
  key: string | null
}

/**
 * Finds items whose key is not that of their focus. A library of an earlier version may have them, and a file whose recipe
 * was changed.
 *
 * @param fileId only items with this file
 */
export async function findWrongKeys(db: Queries, fileId?: number): Promise<WrongKey[]> {
  const wrong: WrongKey[] = []
  for (let after = 0; ; ) {
    const rows = await findFocused(db, after, fileId)
    const keyOf = await readKeys(
      db,
      rows.map(({ id }) => id),
    )
    for (const row of rows) {
      const key = keyOf.get(row.id) ?? null
      if (row.focus_key !== key) wrong.push({ ...row, key })
    }
    const last = rows.at(-1)
    if (!last) return wrong
    after = last.id
  }
}

/**
 * Corrects the keys of items. The caller must increase the library's version.
 * @param wereShown whether clients may know the wrong keys. Then their addresses lead to the right ones
 */
export async function correctKeys(
  trx: Queries,
  wrong: readonly WrongKey[],
  wereShown: boolean,
): Promise<void> {
  for (const { id, file_id, focus_key, key } of wrong) {
    await runIn(trx, setKey, key, id)
    if (key !== null) await runIn(trx, forgetEarlier, key, id)
    if (wereShown && focus_key !== null) await runIn(trx, noteEarlier, focus_key, id, file_id)
  }
}

/** The right key of each of these items that has a focus. */
async function readKeys(db: Queries, ids: readonly number[]): Promise<Map<number, string>> {
  const rows = await runIn(db, findParts, JSON.stringify(ids))
  if (rows.length === 0) return new Map()
  const secret = await readDeliverySecret(db)
  return new Map(
    rows.map(({ id, focus, sha256, recipe }) => {
      const point: Focus = JSON.parse(String(focus))
      return [id, focusKey(secret, sha256, point, recipe)]
    }),
  )
}

const findParts = prepare((db, ids: Parameter<string>) =>
  db
    .selectFrom('media')
    .innerJoin('files', 'files.id', 'media.file_id')
    .select(['media.id', 'media.focus', 'files.sha256', 'files.recipe'])
    .where('media.id', 'in', listed<number>(db, 'bigint', ids))
    .where('media.focus', 'is not', null)
    .compile(),
)

/** Items with a focus or a key, some at a time. */
function findFocused(db: Queries, after: number, fileId: number | undefined) {
  const focused = db
    .selectFrom('media')
    .select(['id', 'file_id', 'focus_key'])
    .where('id', '>', after)
    .where((row) => row.or([row('focus', 'is not', null), row('focus_key', 'is not', null)]))
    .orderBy('id')
    .limit(1000)
  return (fileId === undefined ? focused : focused.where('file_id', '=', fileId)).execute()
}

const setKey = prepare((db, focus_key: Parameter<string | null>, id: Parameter<number>) =>
  db.updateTable('media').set({ focus_key }).where('id', '=', id).compile(),
)

const noteEarlier = prepare(
  (db, key: Parameter<string>, media_id: Parameter<number>, file_id: Parameter<number>) =>
    db
      .insertInto('earlier_keys')
      .values({ key, media_id, file_id })
      .onConflict((conflict) => conflict.columns(['key', 'media_id']).doUpdateSet({ file_id }))
      .compile(),
)

const forgetEarlier = prepare((db, key: Parameter<string>, id: Parameter<number>) =>
  db.deleteFrom('earlier_keys').where('key', '=', key).where('media_id', '=', id).compile(),
)
