import type { FastifyBaseLogger } from 'fastify'
import type { Transaction } from 'kysely'
import { mediaNotFound } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries, Tables, VariantName } from '../../database/tables.ts'
import type { Journal } from '../../storage/journal/journal.ts'
import { newKey, type Storage } from '../../storage/storage.ts'
import type { RenderedImage } from '../worker/tasks.ts'
import { type RenderedVariant, replaceVariant } from './replace-variant.ts'
import { findStored, type StoredImage } from './source-lookup.ts'

/** When renditions have grown over their limit, so much of the limit is freed: not every render need remove some. */
const SPARE = 0.01
/** Renditions that one query chooses for removal. */
const REMOVED_AT_ONCE = 100

export interface KeepDeps {
  database: Database
  storage: Storage
  journal: Journal
  /** Most bytes of all renditions. */
  renditionBytes: number
  log: FastifyBaseLogger
}

/**
 * Stores a derived image by the journal's protocol, unless another process was faster: then its image is returned, and
 * this one is removed.
 *
 * @param name of a variant or of a rendition
 * @throws AppError 404 if the file is gone
 */
export async function keepImage(
  { database, storage, journal, renditionBytes, log }: KeepDeps,
  fileId: number,
  name: string,
  rendered: RenderedVariant & { extension: string },
): Promise<StoredImage> {
  const key = newKey('variants', rendered.extension)
  await journal.record([key])
  let putFailed = true
  const discard = () =>
    journal.discard([key], { putFailed }).catch((cause) => {
      log.error({ err: cause, key }, 'An unused render could not be removed yet')
    })
  try {
    await storage.put(key, rendered.path, { isSpent: true })
    putFailed = false
    const now = await database.now()
    const { image, removedKeys } = await database.write(async (trx) => {
      const file = await trx
        .selectFrom('files')
        .select(['id', 'recipe'])
        .where('id', '=', fileId)
        .executeTakeFirst()
      if (!file) throw mediaNotFound()
      const [known] = await runIn(trx, findStored, fileId, name)
      if (known) return { image: known, removedKeys: [] }
      const removed = isVariant(name)
        ? await putVariant(trx, file, name, key, rendered)
        : await putRendition(trx, { file, name, key, rendered, now, renditionBytes })
      await journal.take(trx, [key])
      const { sha256, size } = rendered
      return { image: { key, sha256, size }, removedKeys: await journal.condemn(trx, removed) }
    })
    if (image.key !== key) await discard()
    await journal.removeCondemned(removedKeys).catch((error) => {
      log.error({ err: error, removedKeys }, 'Images that are no longer kept could not be removed')
    })
    return image
  } catch (error) {
    await discard()
    throw error
  }
}

export const isVariant = (name: string): name is VariantName => name === 'scaled' || name === 'high'

/** @returns the key of the variant of an earlier recipe */
async function putVariant(
  trx: Transaction<Tables>,
  file: { id: number; recipe: number },
  name: VariantName,
  key: string,
  rendered: RenderedVariant,
): Promise<string[]> {
  const earlier = await trx
    .selectFrom('variants')
    .select('key')
    .where('file_id', '=', file.id)
    .where('name', '=', name)
    .execute()
  await replaceVariant(trx, file, name, key, rendered)
  return earlier.map(({ key }) => key)
}

/** @returns the keys of the rendition of an earlier recipe, and of renditions that make room for this one */
async function putRendition(
  trx: Transaction<Tables>,
  {
    file,
    name,
    key,
    rendered: { sha256, size, width, height },
    now,
    renditionBytes,
  }: {
    file: { id: number; recipe: number }
    name: string
    key: string
    rendered: RenderedImage
    now: number
    renditionBytes: number
  },
): Promise<string[]> {
  const removed = await runIn(trx, deleteRendition, file.id, name)
  await trx
    .insertInto('renditions')
    .values({
      ...{ file_id: file.id, name, key, sha256, size, width, height },
      ...{ recipe: file.recipe, asked_at: now, asks: 1 },
    })
    .execute()
  return [...removed.map(({ key }) => key), ...(await makeRoom(trx, renditionBytes, key))]
}

/**
 * Deletes rows of renditions if all of them together take more than a limit: first what was asked for once, then what
 * was not asked for longest.
 *
 * @param kept the key of a rendition that stays
 * @returns the keys of the others
 */
export async function makeRoom(trx: Queries, limit: number, kept?: string): Promise<string[]> {
  const { rendition_bytes } = await trx
    .selectFrom('library')
    .select('rendition_bytes')
    .executeTakeFirstOrThrow()
  if (rendition_bytes <= limit) return []
  let excess = rendition_bytes - limit * (1 - SPARE)
  const removed: string[] = []
  while (excess > 0) {
    const candidates = await runIn(trx, findLeastUsed, kept ?? '')
    if (candidates.length === 0) break
    for (const { file_id, name, key, size } of candidates) {
      if (excess <= 0) break
      await runIn(trx, deleteRendition, file_id, name)
      removed.push(key)
      excess -= size
    }
  }
  return removed
}

const deleteRendition = prepare((db, fileId: Parameter<number>, name: Parameter<string>) =>
  db
    .deleteFrom('renditions')
    .where('file_id', '=', fileId)
    .where('name', '=', name)
    .returning('key')
    .compile(),
)

const findLeastUsed = prepare((db, kept: Parameter<string>) =>
  db
    .selectFrom('renditions')
    .select(['file_id', 'name', 'key', 'size'])
    .where('key', '!=', kept)
    .orderBy('asks')
    .orderBy('asked_at')
    .limit(REMOVED_AT_ONCE)
    .compile(),
)
