import { AppError, mediaNotFound } from '../../base/errors.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'

/**
 * One of the files that an item has had. The newest version is the present file. At most `VITRINE_VERSIONS` earlier
 * versions are kept.
 */
export interface Version {
  /** From 1 on. The version of an item that was never replaced is 1. A number is never given again. */
  version: number
  file_id: number
  added_at: Milliseconds
  /** Username. */
  added_by: string | null
  file_name: string | null
  /** The focus and its key that the item had with an earlier version. */
  focus: string | null
  focus_key: string | null
}

type Focused = 'focus' | 'focus_key'

/** The versions of one item. */
export interface Versions {
  present: Version
  /** The newest first. */
  earlier: readonly Version[]
  /** Whether the database has rows for them. An item whose file was never replaced has no rows. */
  areRows: boolean
}

/**
 * Reads the versions of an item.
 * @throws AppError 404 "Media not found", also for an item in the trash
 */
export async function readVersions(db: Queries, id: number): Promise<Versions> {
  const [item] = await runIn(db, findOnlyVersion, id)
  if (!item) throw mediaNotFound(`There is no media item with id ${id}.`)
  const [present, ...earlier] = await runIn(db, findVersions, id)
  const { focus, focus_key } = item
  return present
    ? { present: { ...present, focus, focus_key }, earlier, areRows: true }
    : { present: { ...item, version: 1 }, earlier: [], areRows: false }
}

/**
 * Finds an earlier version.
 * @throws AppError 404 "Media not found" for an unknown version; 409 "Present version"
 */
export function requireEarlier(
  id: number,
  version: number,
  { present, earlier }: Versions,
): Version {
  if (version === present.version) {
    throw new AppError('version-present', 409, 'Present version', {
      detail: `Version ${version} is the one that item ${id} shows; choose an earlier one.`,
    })
  }
  const found = earlier.find((row) => row.version === version)
  if (!found) throw versionNotFound(id, version)
  return found
}

export const versionNotFound = (id: number, version: number) =>
  mediaNotFound(`Item ${id} has no version ${version}.`)

/**
 * Adds a version, which becomes the present one, and drops the oldest ones beyond `kept`. The caller writes the file
 * into the item.
 *
 * @param kept most earlier versions
 * @returns the new version's number, and the files of the dropped ones, which other rows may use
 */
export async function addVersion(
  trx: Queries,
  id: number,
  { present, earlier, areRows }: Versions,
  added: Omit<Version, 'version' | Focused>,
  kept: number,
): Promise<{ version: number; dropped: ReadonlySet<number> }> {
  const insert = ({ version, file_id, added_at, added_by, file_name }: Omit<Version, Focused>) =>
    runIn(trx, insertVersion, id, version, file_id, added_at, added_by, file_name)
  if (!areRows) await insert(present)
  // So that its immutable addresses go on working, with the same crops.
  await runIn(trx, keepFocus, present.focus, present.focus_key, id, present.version)
  const version = present.version + 1
  await insert({ ...added, version })
  const dropped = [present, ...earlier].slice(kept)
  for (const { version } of dropped) await dropVersion(trx, id, version)
  return { version, dropped: new Set(dropped.map(({ file_id }) => file_id)) }
}

/** Deletes the row of a version. */
export async function dropVersion(trx: Queries, id: number, version: number): Promise<void> {
  await runIn(trx, deleteVersion, id, version)
}

const findOnlyVersion = prepare((db, id: Parameter<number>) =>
  db
    .selectFrom('media')
    .select(['file_id', 'added_at', 'added_by', 'file_name', 'focus', 'focus_key'])
    .where('id', '=', id)
    .where('trashed_at', 'is', null)
    .compile(),
)

const findVersions = prepare((db, id: Parameter<number>) =>
  db
    .selectFrom('versions')
    .select(['version', 'file_id', 'added_at', 'added_by', 'file_name', 'focus', 'focus_key'])
    .where('media_id', '=', id)
    .orderBy('version', 'desc')
    .compile(),
)

const insertVersion = prepare(
  (
    db,
    media_id: Parameter<number>,
    version: Parameter<number>,
    file_id: Parameter<number>,
    added_at: Parameter<number>,
    added_by: Parameter<string | null>,
    file_name: Parameter<string | null>,
  ) =>
    db
      .insertInto('versions')
      .values({ media_id, version, file_id, added_at, added_by, file_name })
      .compile(),
)

const keepFocus = prepare(
  (
    db,
    focus: Parameter<string | null>,
    focus_key: Parameter<string | null>,
    id: Parameter<number>,
    version: Parameter<number>,
  ) =>
    db
      .updateTable('versions')
      .set({ focus, focus_key })
      .where('media_id', '=', id)
      .where('version', '=', version)
      .compile(),
)

const deleteVersion = prepare((db, id: Parameter<number>, version: Parameter<number>) =>
  db.deleteFrom('versions').where('media_id', '=', id).where('version', '=', version).compile(),
)
