import type { FastifyBaseLogger } from 'fastify'
import type { Transaction } from 'kysely'
import { mediaNotFound } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries, Tables, VariantName } from '../../database/tables.ts'
import type { Journal } from '../../storage/journal/journal.ts'
import { newKey, type Storage } from '../../storage/storage.ts'
import type { RenderedImage } from '../worker/tasks.ts'
import { type RenderedVariant, replaceVariant } from './replace-variant.ts'
import { findStored, type StoredImage } from './source-lookup.ts'

/**
 * The name of the intermediate image of an original that is slow to decode. It is private: no address leads to it. Images up
 * to a share of its size are made from it.
 */
export const INTERMEDIATE = 'source'

/** When renditions have grown over their limit, so much of the limit is freed: not every render need remove some. */
const SPARE = 0.01
/** Renditions that one query chooses for removal. */
const REMOVED_AT_ONCE = 100
/** Images that are put into storage at the same time. Reads wait for the same few threads. */
const PUT_AT_ONCE = 4

export interface KeepDeps {
  database: Database
  storage: Storage
  journal: Journal
  /** Most bytes of all renditions. */
  renditionBytes: number
  log: FastifyBaseLogger
}

/** A derived image in a file, and the name of the variant or rendition that it is. */
export interface Made {
  name: string
  rendered: RenderedVariant & { extension: string }
}

/**
 * Stores derived images of a file by the journal's protocol, unless another process was faster: then its images are
 * returned, and these are removed.
 *
 * @returns the images by their names
 * @throws AppError 404 if the file is gone
 */
export async function keepImages(
  deps: KeepDeps,
  fileId: number,
  made: readonly Made[],
): Promise<Map<string, StoredImage>> {
  const { database, storage, journal, log } = deps
  const fresh = made.map((each) => ({ ...each, key: newKey('variants', each.rendered.extension) }))
  const keys = fresh.map(({ key }) => key)
  await journal.record(keys)
  let putFailed = true
  const discard = (unused: readonly string[]) =>
    journal.discard(unused, { putFailed }).catch((cause) => {
      log.error({ err: cause, keys: unused }, 'Unused renders could not be removed yet')
    })
  try {
    await putAll(storage, fresh)
    putFailed = false
    const now = await database.now()
    const { images, removedKeys } = await database.write((trx) =>
      insertImages(trx, deps, { fileId, fresh, now }),
    )
    const used = new Set([...images.values()].map(({ key }) => key))
    const unused = keys.filter((key) => !used.has(key))
    if (unused.length > 0) await discard(unused)
    await journal.removeCondemned(removedKeys).catch((error) => {
      log.error({ err: error, removedKeys }, 'Images that are no longer kept could not be removed')
    })
    return images
  } catch (error) {
    await discard(keys)
    throw error
  }
}

interface Fresh extends Made {
  key: string
}

/** @returns the images by their names, and the keys of objects that must be removed for them */
async function insertImages(
  trx: Transaction<Tables>,
  { journal, renditionBytes }: KeepDeps,
  { fileId, fresh, now }: { fileId: number; fresh: readonly Fresh[]; now: number },
): Promise<{ images: Map<string, StoredImage>; removedKeys: string[] }> {
  const file = await trx
    .selectFrom('files')
    .select(['id', 'recipe'])
    .where('id', '=', fileId)
    .executeTakeFirst()
  if (!file) throw mediaNotFound()
  const images = new Map<string, StoredImage>()
  const taken: string[] = []
  const removed: string[] = []
  for (const { name, key, rendered } of fresh) {
    const [known] = await runIn(trx, findStored, fileId, name)
    if (known) {
      images.set(name, known)
      continue
    }
    const replaced = isVariant(name)
      ? await putVariant(trx, file, name, key, rendered)
      : await putRendition(trx, { file, name, key, rendered, now })
    removed.push(...replaced)
    taken.push(key)
    images.set(name, { key, sha256: rendered.sha256, size: rendered.size })
  }
  if (taken.length === 0) return { images, removedKeys: [] }
  // The intermediate image was of use for them, or will be.
  await runIn(trx, noteIntermediate, now, fileId)
  removed.push(...(await makeRoom(trx, renditionBytes, taken)))
  await journal.take(trx, taken)
  return { images, removedKeys: await journal.condemn(trx, removed) }
}

/** Puts the files of images. When it rejects, every put has ended. */
async function putAll(storage: Storage, fresh: readonly Fresh[]): Promise<void> {
  for (let start = 0; start < fresh.length; start += PUT_AT_ONCE) {
    const puts = fresh
      .slice(start, start + PUT_AT_ONCE)
      .map(({ key, rendered }) => storage.put(key, rendered.path, { isSpent: true }))
    const failed = (await Promise.allSettled(puts)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
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

/** @returns the key of the rendition of an earlier recipe */
async function putRendition(
  trx: Transaction<Tables>,
  {
    file,
    name,
    key,
    rendered: { sha256, size, width, height },
    now,
  }: {
    file: { id: number; recipe: number }
    name: string
    key: string
    rendered: RenderedImage
    now: number
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
  return removed.map(({ key }) => key)
}

/**
 * Deletes rows of renditions if all of them together take more than a limit: first what was asked for once, then what
 * was not asked for longest.
 *
 * @param kept the keys of renditions that stay
 * @returns the keys of the deleted ones
 */
async function makeRoom(trx: Queries, limit: number, kept: readonly string[]): Promise<string[]> {
  const { rendition_bytes } = await trx
    .selectFrom('library')
    .select('rendition_bytes')
    .executeTakeFirstOrThrow()
  if (rendition_bytes <= limit) return []
  let excess = rendition_bytes - limit * (1 - SPARE)
  const removed: string[] = []
  while (excess > 0) {
    const candidates = await runIn(trx, findLeastUsed, JSON.stringify(kept))
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

const noteIntermediate = prepare((db, asked_at: Parameter<number>, fileId: Parameter<number>) =>
  db
    .updateTable('renditions')
    .set({ asked_at, asks: 2 })
    .where('file_id', '=', fileId)
    .where('name', '=', INTERMEDIATE)
    .compile(),
)

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
    .where('key', 'not in', listed<string>(db, 'text', kept))
    .orderBy('asks')
    .orderBy('asked_at')
    .limit(REMOVED_AT_ONCE)
    .compile(),
)
