import type { Transaction } from 'kysely'
import { type Actor, COMMAND_LINE, mediaSubject, recordAudit, writeAs } from '../../audit/record.ts'
import { AppError } from '../../base/errors.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Milliseconds, Queries, Tables } from '../../database/tables.ts'
import type { SpooledFile } from '../../http/body/read-upload.ts'
import { type ItemState, pairStates, readStates, updateDerived } from '../change/derived.ts'
import { condemnUnused, removeCondemned, type UnusedFiles } from '../change/remove.ts'
import { findKnownFile, settleFile, storeInSteps } from '../change/store-image.ts'
import { type MediaItem, selectItems, toItem } from '../item.ts'
import { countVersion, type Library } from '../library.ts'
import { factColumns, parseSaid } from '../said.ts'
import { addVersion, dropVersion, readVersions, requireEarlier } from './versions.ts'

export interface ReplaceOptions {
  by?: Actor
  /** How many earlier versions of an item are kept. */
  versions: number
}

/**
 * Gives an item another image; the earlier one becomes an earlier version. The change is complete and durable when
 * this resolves. Nothing remains of the new image when this rejects. See `storeInSteps`.
 *
 * @param given.fileName as `readFileName` returns it; null leaves the item's as it is
 * @throws AppError 404 "Media not found", also for an item in the trash; the errors of `storeInSteps`
 */
export async function replaceMedia(
  library: Library,
  id: number,
  { image, fileName }: { image: SpooledFile; fileName: string | null },
  { by = COMMAND_LINE, versions }: ReplaceOptions,
  signal?: AbortSignal,
): Promise<MediaItem> {
  const { database, journal } = library
  // The transaction checks it again. This check saves work on an image whose item does not exist.
  await readVersions(database.read, id)
  const change = (trx: Transaction<Tables>, fileId: number, now: Milliseconds) =>
    changeFile(trx, library, id, { file_id: fileId, file_name: fileName, by, versions, now })
  const changed = await storeInSteps<Changed>(
    library,
    image,
    {
      record: journal.record,
      async link(known) {
        const now = await database.now()
        return writeAs(database, by, async (trx) => {
          const file = await findKnownFile(trx, image)
          if (file?.key !== known.key) return undefined
          return { result: await change(trx, file.id, now) }
        })
      },
      async commit(stored) {
        const now = await database.now()
        return writeAs(database, by, async (trx) => {
          const { fileId, ...settled } = await settleFile(trx, library, stored)
          return { ...settled, result: await change(trx, fileId, now) }
        })
      },
    },
    signal,
  ).catch(tellReplacing)
  return finish(library, changed)
}

/** An image is refused in the words of an add. */
function tellReplacing(error: unknown): never {
  if (!(error instanceof AppError) || error.code !== 'image-refused') throw error
  const { code, status, detail, cause } = error
  throw new AppError(code, status, 'Error replacing media', { ...(detail && { detail }), cause })
}

/**
 * Makes an earlier version of an item the present one again, as a new version.
 * @throws AppError 404 "Media not found" for an unknown item or version, and for an item in the trash; 409 "Present
 *   version"
 */
export async function restoreVersion(
  library: Library,
  id: number,
  version: number,
  { by = COMMAND_LINE, versions }: ReplaceOptions,
): Promise<MediaItem> {
  const { database } = library
  const now = await database.now()
  const changed = await writeAs(database, by, async (trx) => {
    const earlier = requireEarlier(id, version, await readVersions(trx, id))
    return changeFile(trx, library, id, { ...earlier, from: version, by, versions, now })
  })
  return finish(library, changed)
}

/**
 * Deletes an earlier version of an item, with its files, unless another item or version has the same bytes. When this
 * resolves, the files are gone from storage.
 *
 * @throws AppError 404 "Media not found" for an unknown item or version, and for an item in the trash; 409 "Present
 *   version"
 */
export async function deleteVersion(
  library: Library,
  id: number,
  version: number,
  by: Actor = COMMAND_LINE,
): Promise<void> {
  const { database } = library
  const now = await database.now()
  const files = await writeAs(database, by, async (trx) => {
    const { file_id } = requireEarlier(id, version, await readVersions(trx, id))
    await dropVersion(trx, id, version)
    const files = await condemnUnused(trx, library, new Set([file_id]))
    await countVersion(trx)
    const [state] = await readStates(trx, [id])
    const entry = {
      action: 'version-deleted',
      subject: mediaSubject(id),
      detail: { name: state?.name, version },
    } as const
    await recordAudit(trx, by, entry, now)
    return files
  })
  await removeCondemned(library, files)
}

/** An item after it got another file, and the files that no row uses any more. */
interface Changed {
  media: MediaItem
  unused: UnusedFiles
}

interface FileChange extends Required<ReplaceOptions> {
  file_id: number
  /** Null: the new file has no name. */
  file_name: string | null
  /** The version that is restored, if this is no new image. */
  from?: number
  now: Milliseconds
}

/**
 * Gives an item another file, in a transaction. Everything that people say about it stays, and what they leave empty
 * stays empty. Place and camera come from files alone, so they are those of the new one.
 */
async function changeFile(
  trx: Transaction<Tables>,
  library: Library,
  id: number,
  { file_id, file_name, from, by, versions, now }: FileChange,
): Promise<Changed> {
  const earlier = await readVersions(trx, id)
  const before = await readState(trx, id)
  // A restored version brings back the name of its file, also if the file had none.
  const fileName = from === undefined ? (file_name ?? before.file_name) : file_name
  // A command has no account.
  const added_by = by.accountId === null ? null : by.name
  const added = { file_id, added_at: now, added_by, file_name: fileName }
  const { version, dropped } = await addVersion(trx, id, earlier, added, versions)
  const [file] = await runIn(trx, findSaid, file_id)
  const { location, exif } = factColumns(parseSaid(file?.said ?? null))
  await runIn(trx, updateFile, id, file_id, fileName, location, exif, now)
  if (before.focus !== null && !haveSameShape(before, await readState(trx, id))) {
    await runIn(trx, clearFocus, id)
  }
  const unused = await condemnUnused(trx, library, dropped)
  await countVersion(trx)
  const entry =
    from === undefined
      ? ({ action: 'media-replaced', detail: { name: before.name, version } } as const)
      : ({ action: 'version-restored', detail: { name: before.name, version, from } } as const)
  await recordAudit(trx, by, { ...entry, subject: mediaSubject(id) }, now)
  await updateDerived(trx, pairStates([before], [await readState(trx, id)]))
  const row = await selectItems(trx).where('media.id', '=', id).executeTakeFirstOrThrow()
  return { media: toItem(row), unused }
}

/** Removes what the change left over. Even if this fails, the item has its new file. */
async function finish(library: Library, { media, unused }: Changed): Promise<MediaItem> {
  await removeCondemned(library, unused).catch((error) => {
    library.log.error({ err: error, ...unused }, 'Dropped versions could not be removed yet')
  })
  return media
}

async function readState(trx: Queries, id: number): Promise<ItemState> {
  const [state] = await readStates(trx, [id])
  if (!state) throw new Error(`The item ${id} is not there in the transaction that changes it.`)
  return state
}

type Shape = Pick<ItemState, 'width' | 'height'>

/** Whether the aspect ratios differ by at most 1 %. Then a focus means the same point of both images. */
export function haveSameShape(a: Shape, b: Shape): boolean {
  // Multiplied by both heights, because whole numbers are exact.
  const [ratioA, ratioB] = [Number(a.width) * Number(b.height), Number(b.width) * Number(a.height)]
  return 100 * Math.abs(ratioA - ratioB) <= ratioB
}

const updateFile = prepare(
  (
    db,
    id: Parameter<number>,
    file_id: Parameter<number>,
    file_name: Parameter<string | null>,
    location: Parameter<string | null>,
    exif: Parameter<string | null>,
    changed_at: Parameter<number>,
  ) =>
    db
      .updateTable('media')
      .set({ file_id, file_name, location, exif, changed_at })
      .set((row) => ({ revision: row('revision', '+', row.lit(1)) }))
      .where('id', '=', id)
      .compile(),
)

const findSaid = prepare((db, id: Parameter<number>) =>
  db.selectFrom('files').select('said').where('id', '=', id).compile(),
)

const clearFocus = prepare((db, id: Parameter<number>) =>
  db.updateTable('media').set({ focus: null }).where('id', '=', id).compile(),
)
