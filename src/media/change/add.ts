import { extname } from 'node:path'
import type { Insertable, Transaction } from 'kysely'
import { type Actor, COMMAND_LINE, mediaSubject, recordAudit, writeAs } from '../../audit/record.ts'
import { AppError } from '../../base/errors.ts'
import type { Milliseconds, Queries, Tables } from '../../database/tables.ts'
import type { SpooledFile } from '../../http/body/read-upload.ts'
import { publicDigest } from '../../images/digests.ts'
import type { ProcessedImage } from '../../images/images.ts'
import { RECIPE } from '../../images/recipe.ts'
import { newKey } from '../../storage/storage.ts'
import { writeMemberships } from '../collections/membership.ts'
import { requireCollections } from '../collections/requirements.ts'
import { type MediaItem, selectItems, toItem } from '../item.ts'
import { countVersion, type Library } from '../library.ts'
import type { MemberChanges } from '../members.ts'
import { updateOrders } from '../order/orders.ts'
import { pairStates, readStates } from './derived.ts'
import { idAt, insertFiles, insertItems, type NewFile } from './insert-many.ts'

/** The most earlier items with the same bytes that an answer names. */
const MAX_DUPLICATES_NAMED = 100

export interface NewMedia {
  /** As `readName` and `readTags` return them. */
  name: string
  tags: readonly string[]
  /** As `readMembers` returns them. */
  members?: Omit<MemberChanges, 'name' | 'tags'>
  /** As `readFileName` returns it. */
  fileName?: string | null
  image: SpooledFile
  /** Refuse bytes that an item already has, instead of making another item of them. */
  onlyNew?: boolean
  /** For the audit trail. */
  by?: Actor
}

export interface AddedMedia {
  media: MediaItem
  /** Ids of earlier items that store the same bytes, the oldest first. */
  duplicates: number[]
}

/** An image that storage holds and the journal names. A transaction makes an item of it. */
export interface StoredMedia {
  item: Omit<NewMedia, 'image'>
  image: SpooledFile
  processed: ProcessedImage
  keys: { original: string; scaled: string }
  /** The earlier file with the same bytes, if storage has lost its original. */
  lost: StoredFile | undefined
}

/** The steps of an add that change the database. `createAdder` does each for several images at once. */
export interface AddSteps<Added> {
  record(keys: readonly string[]): Promise<void>
  commit(stored: StoredMedia): Promise<Committed<Added>>
}

export interface Committed<Added> {
  added: Added
  /** Keys that no row names. */
  unused: readonly string[]
  /** The file whose lost original was replaced. */
  restored?: number | undefined
}

/**
 * Adds an image to the library. The item is complete and durable when this resolves. Nothing remains of it
 * when this rejects. Bytes that the library already holds are not stored twice.
 *
 * The order of the steps makes it safe to kill the process at any moment: the journal names the keys before
 * the first byte is written to them, and the transaction that makes the item takes the keys out again.
 *
 * @throws AppError with code `image-refused` if the image is not acceptable; `image-known` if `onlyNew` is
 *   set and an item already has the bytes; 503 under overload
 */
export const addMedia = (
  library: Library,
  media: NewMedia,
  signal?: AbortSignal,
): Promise<AddedMedia> =>
  addInSteps(
    library,
    media,
    { record: library.journal.record, commit: (stored) => commitMedia(library, stored) },
    signal,
  )

/** Like `addMedia`, with the given steps. */
export async function addInSteps<Added>(
  library: Library,
  { image, ...item }: NewMedia,
  steps: AddSteps<Added>,
  signal?: AbortSignal,
): Promise<Added | AddedMedia> {
  const { database, storage, temporary, images, renders } = library

  const now = await database.now()
  // Known bytes need no decoding: that was done when they were first added. Unless storage has lost them.
  const known = await findFile(database.read, image.sha256)
  const isStored = known !== undefined && (await storage.size(known.key)) === image.size
  const linked =
    isStored &&
    (await writeAs(database, item.by ?? COMMAND_LINE, async (trx) => {
      const file = await findFile(trx, image.sha256)
      return file?.key === known.key && insertMedia(trx, file.id, item, now)
    }))
  if (linked) return linked

  return temporary.withFolder(async (folder) => {
    const processed = await images.process(image.path, folder, signal)
    const keys = {
      original: newKey('originals', processed.extension),
      scaled: newKey('variants', extname(processed.scaled.path).slice(1)),
    }
    const allKeys = [keys.original, keys.scaled]
    await steps.record(allKeys)
    let putFailed = true
    try {
      await settleAll([
        storage.put(keys.original, image.path, { isSpent: true }),
        storage.put(keys.scaled, processed.scaled.path, { isSpent: true }),
      ])
      putFailed = false
      const lost = isStored ? undefined : known
      const committed = await steps.commit({ item, image, processed, keys, lost })
      if (committed.restored !== undefined) renders.forgetFailure(committed.restored)
      await discardQuietly(library, committed.unused)
      return committed.added
    } catch (error) {
      await discardQuietly(library, allKeys, { putFailed })
      throw error
    }
  })
}

/** Makes the item in one transaction. */
export async function commitMedia(
  library: Library,
  { item, image, processed, keys, lost }: StoredMedia,
): Promise<Committed<AddedMedia>> {
  const { database, journal } = library
  const allKeys = [keys.original, keys.scaled]
  const now = await database.now()
  return writeAs(database, item.by ?? COMMAND_LINE, async (trx) => {
    const file = await findFile(trx, image.sha256)
    if (!file) {
      const ids = await insertFiles(trx, [describeFile(library, { image, processed, keys })])
      await journal.take(trx, allKeys)
      return { unused: [], added: await insertMedia(trx, idAt(ids, 0), item, now) }
    }
    const isLost = file.key === lost?.key
    if (isLost) await replaceOriginal(trx, library, file, keys.original)
    // Otherwise another add stored the same bytes meanwhile. The item uses those, and these copies go.
    const unused = isLost ? [file.key, keys.scaled] : allKeys
    const restored = isLost ? file.id : undefined
    return { unused, restored, added: await insertMedia(trx, file.id, item, now) }
  })
}

/** Waits for every put, even if one fails: a put that still runs could land after its key was discarded. */
async function settleAll(puts: readonly Promise<void>[]) {
  for (const put of await Promise.allSettled(puts)) if (put.status === 'rejected') throw put.reason
}

/** Objects that cannot be removed now are left to the journal's sweep. */
async function discardQuietly(
  { journal, log }: Library,
  keys: readonly string[],
  options?: { putFailed: boolean },
) {
  await journal.discard(keys, options).catch((error) => {
    log.error({ err: error, keys }, 'Objects of a failed add could not be removed yet')
  })
}

interface StoredFile {
  id: number
  key: string
}

async function findFile(db: Queries, sha256: string): Promise<StoredFile | undefined> {
  return db
    .selectFrom('files')
    .select(['id', 'key'])
    .where('sha256', '=', sha256)
    .executeTakeFirst()
}

/** Replaces an original that storage has lost by the same bytes, which were uploaded again. */
async function replaceOriginal(
  trx: Transaction<Tables>,
  { journal, log }: Library,
  lost: StoredFile,
  key: string,
): Promise<void> {
  await trx.updateTable('files').set({ key }).where('id', '=', lost.id).execute()
  await journal.take(trx, [key])
  await journal.condemn(trx, [lost.key])
  log.warn({ lost: lost.key, key }, 'An original that storage had lost was restored by an upload')
}

/** The rows of a file and its scaled image. */
export const describeFile = (
  { deliverySecret }: Library,
  { image: { sha256, size }, processed, keys }: Pick<StoredMedia, 'image' | 'processed' | 'keys'>,
): NewFile => {
  const { type, width, height, frames, thumbhash, color, scaled } = processed
  return {
    file: {
      sha256,
      key: keys.original,
      type,
      size,
      width,
      height,
      frames,
      thumbhash,
      color,
      scaled_digest: publicDigest(deliverySecret, sha256, 'scaled', RECIPE),
      high_digest: publicDigest(deliverySecret, sha256, 'high', RECIPE),
      recipe: RECIPE,
    },
    scaled: {
      key: keys.scaled,
      sha256: scaled.sha256,
      size: scaled.size,
      width: scaled.width,
      height: scaled.height,
      recipe: RECIPE,
    },
  }
}

async function insertMedia(
  trx: Queries,
  fileId: number,
  item: Omit<NewMedia, 'image'>,
  now: Milliseconds,
): Promise<AddedMedia> {
  const { name, onlyNew = false, by = COMMAND_LINE } = item
  const earlier = await trx
    .selectFrom('media')
    .select('id')
    .where('file_id', '=', fileId)
    .orderBy('id')
    .limit(MAX_DUPLICATES_NAMED)
    .execute()
  if (onlyNew && earlier[0]) throw imageKnown(earlier[0].id)

  const added_at = await nextTime(trx, now)
  const collections = item.members?.collections ?? []
  await requireCollections(trx, collections)
  await countVersion(trx)
  const id = idAt(await insertItems(trx, [describeItem(item, { file_id: fileId, added_at })]), 0)
  if (collections.length > 0) {
    await writeMemberships(trx, [{ id, before: [], after: collections }])
    const after = await readStates(trx, [id])
    const before = after.map((state) => ({ ...state, positions: null }))
    await updateOrders(trx, pairStates(before, after))
  }
  const subject = mediaSubject(id)
  await recordAudit(trx, by, { action: 'media-added', subject, detail: { name } }, now)

  const row = await selectItems(trx).where('media.id', '=', id).executeTakeFirstOrThrow()
  return { media: toItem(row), duplicates: earlier.map((item) => item.id) }
}

/** The row of an item. */
export function describeItem(
  { name, tags, members = {}, fileName = null, by }: Omit<NewMedia, 'image'>,
  place: { file_id: number; added_at: Milliseconds },
): Insertable<Tables['media']> {
  const { alt, description, credit, copyright, source, rating, takenAt, focus } = members
  return {
    ...place,
    name,
    tags: JSON.stringify(tags),
    file_name: fileName,
    alt: alt ?? null,
    description: description ?? null,
    credit: credit ?? null,
    copyright: copyright ?? null,
    source: source ?? null,
    rating: rating ?? 0,
    focus: focus ? JSON.stringify(focus) : null,
    taken_at: takenAt ?? null,
    translations: JSON.stringify(members.translations ?? {}),
    collections: JSON.stringify(members.collections ?? []),
    // A command has no account.
    added_by: by?.accountId == null ? null : by.name,
  }
}

const imageKnown = (id: number) =>
  new AppError('image-known', 409, 'Error adding media', {
    detail: `Item ${id} has the same bytes.`,
  })

/** The time of a new item: now, but never before that of the last one, in case the clock was set back. */
export async function nextTime(trx: Queries, now: Milliseconds): Promise<Milliseconds> {
  const { last_added_at } = await trx
    .updateTable('library')
    .set((row) => ({
      last_added_at: row
        .case()
        .when('last_added_at', '<', now)
        .then(now)
        .else(row.ref('last_added_at'))
        .end(),
    }))
    .returning('last_added_at')
    .executeTakeFirstOrThrow()
  return last_added_at
}
