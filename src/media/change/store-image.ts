import { extname } from 'node:path'
import type { Transaction } from 'kysely'
import type { Queries, Tables } from '../../database/tables.ts'
import type { SpooledFile } from '../../http/body/read-upload.ts'
import { publicDigest } from '../../images/digests.ts'
import type { ProcessedImage } from '../../images/images.ts'
import { RECIPE } from '../../images/recipe.ts'
import { newKey } from '../../storage/storage.ts'
import type { Library } from '../library.ts'
import { saidColumns } from '../said.ts'
import { idAt, insertFiles, type NewFile } from './insert-many.ts'
import { noteMetadata } from './note-metadata.ts'

/** An image that storage holds and the journal names. A transaction makes a file of it. */
export interface StoredImage {
  image: SpooledFile
  processed: ProcessedImage
  keys: { original: string; scaled: string }
  /** The earlier file with the same bytes, if storage has lost its original. */
  lost: KnownFile | undefined
}

/** A file of the library. */
export interface KnownFile {
  id: number
  key: string
  /** MIME type. */
  type: string
  /** See `files` in `database/tables.ts`. */
  said: string | null
  reveals: string | null
}

/** What the caller does with an image, in transactions of its own. */
export interface StoreSteps<Result> {
  record(keys: readonly string[]): Promise<void>
  /**
   * Uses a file that has the image's bytes already.
   * @returns undefined if `findKnownFile` does not find that file any more, in the same transaction
   */
  link(known: KnownFile): Promise<{ result: Result } | undefined>
  /** Uses the file that `settleFile` returns. */
  commit(stored: StoredImage): Promise<Committed<Result>>
}

export interface Committed<Result> {
  result: Result
  /** Keys that no row names. */
  unused: readonly string[]
  /** The file whose lost original was replaced. */
  restored?: number | undefined
}

/**
 * Stores an image in the library, by the caller's steps. Everything is durable when this resolves. Nothing remains
 * of the image when this rejects. Bytes that the library already holds are not stored twice.
 *
 * The order of the steps makes it safe to kill the process at any moment: the journal names the keys before
 * the first byte is written to them, and the transaction that uses the file takes the keys out again.
 *
 * @throws AppError with code `image-refused` if the image is not acceptable; 503 under overload; the errors of the
 *   steps
 */
export async function storeInSteps<Result>(
  library: Library,
  image: SpooledFile,
  steps: StoreSteps<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const { database, storage, temporary, images, renders } = library

  // Known bytes need no decoding: that was done when they were first added. Unless storage has lost them, or their format is
  // off since, so that they are refused.
  const known = await findKnownFile(database.read, image)
  const isStored =
    known !== undefined &&
    images.accepts(known.type) &&
    (await storage.size(known.key)) === image.size
  // A file of an earlier version was never asked what it says.
  if (isStored && known.reveals === null) await noteMetadata(library, known.id, image.path, signal)
  const linked = isStored && (await steps.link(known))
  if (linked) return linked.result

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
      const committed = await steps.commit({ image, processed, keys, lost })
      if (committed.restored !== undefined) renders.forgetFailures(committed.restored)
      await discardQuietly(library, committed.unused)
      return committed.result
    } catch (error) {
      await discardQuietly(library, allKeys, { putFailed })
      throw error
    }
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
    log.error({ err: error, keys }, 'Objects of a failed upload could not be removed yet')
  })
}

/** The file that has the bytes of an image. */
export async function findKnownFile(
  db: Queries,
  { sha256 }: Pick<SpooledFile, 'sha256'>,
): Promise<KnownFile | undefined> {
  return db
    .selectFrom('files')
    .select(['id', 'key', 'type', 'said', 'reveals'])
    .where('sha256', '=', sha256)
    .executeTakeFirst()
}

/**
 * Makes a file of a stored image, or finds the one with the same bytes. Call it in the transaction that uses the
 * file.
 */
export async function settleFile(
  trx: Transaction<Tables>,
  library: Library,
  stored: StoredImage,
): Promise<Omit<Committed<unknown>, 'result'> & { fileId: number; said: string | null }> {
  const { image, keys, lost } = stored
  const allKeys = [keys.original, keys.scaled]
  const file = await findKnownFile(trx, image)
  if (!file) {
    const described = describeFile(library, stored)
    const ids = await insertFiles(trx, [described])
    await library.journal.take(trx, allKeys)
    return { fileId: idAt(ids, 0), said: described.file.said ?? null, unused: [] }
  }
  // Another request stored the same bytes meanwhile. Its file is used, and these copies go.
  const { id: fileId, said } = file
  if (file.key !== lost?.key) return { fileId, said, unused: allKeys }
  await replaceOriginal(trx, library, file, keys.original)
  return { fileId, said, unused: [file.key, keys.scaled], restored: fileId }
}

/** Replaces an original that storage has lost by the same bytes, which were uploaded again. */
async function replaceOriginal(
  trx: Transaction<Tables>,
  { journal, log }: Library,
  lost: KnownFile,
  key: string,
): Promise<void> {
  await trx.updateTable('files').set({ key }).where('id', '=', lost.id).execute()
  await journal.take(trx, [key])
  await journal.condemn(trx, [lost.key])
  log.warn({ lost: lost.key, key }, 'An original that storage had lost was restored by an upload')
}

/** The rows of a file and its scaled image. */
export const describeFile = (
  { deliverySecret }: Pick<Library, 'deliverySecret'>,
  { image: { sha256, size }, processed, keys }: Omit<StoredImage, 'lost'>,
): NewFile => {
  const { type, width, height, frames, thumbhash, color, scaled, metadata } = processed
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
      ...saidColumns(metadata),
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
