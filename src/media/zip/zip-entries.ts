import type { Readable } from 'node:stream'
import { AppError, mediaNotFound } from '../../base/errors.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { type AskedImage, wantedOf } from '../../images/delivery/image-addresses.ts'
import { explainMissing, openStream } from '../../images/delivery/open-object.ts'
import type { RenditionUses } from '../../images/delivery/rendition-uses.ts'
import { findStored, toSource } from '../../images/delivery/source-lookup.ts'
import type { Library } from '../library.ts'
import { readLocalTime } from '../local-time.ts'
import { createUniqueNames, entryName } from './entry-names.ts'
import type { ZipEntry } from './zip-format.ts'

/** Which file of each item an archive holds. */
export type ZipSize = 'original' | AskedImage

/** What an archive is read from. */
export type ZipLibrary = Pick<Library, 'database' | 'storage' | 'renders'> & { uses: RenditionUses }

/** Items whose rows are read at a time. */
const ROWS_AT_ONCE = 100

/**
 * Opens the files of items, one at a time, in the order of their ids. No snapshot of the database is held meanwhile: an
 * item that was deleted since it was chosen is left out.
 *
 * @param isTrash whether the items are those in the trash
 * @throws AppError 500 for a file that storage has lost or that cannot be rendered, 503 under overload
 */
export async function* readZipEntries(
  library: ZipLibrary,
  slices: AsyncIterable<readonly number[]> | Iterable<readonly number[]>,
  { size, isTrash }: { size: ZipSize; isTrash: boolean },
): AsyncGenerator<ZipEntry> {
  const nameOnce = createUniqueNames()
  for await (const slice of slices) {
    for (let start = 0; start < slice.length; start += ROWS_AT_ONCE) {
      const ids = slice.slice(start, start + ROWS_AT_ONCE)
      const rows = await library.database.run(findItems, JSON.stringify(ids))
      for (const row of rows) {
        if ((row.trashed_at !== null) !== isTrash) continue
        const opened = await unlessGone(openItem(library, row, size))
        if (!opened) continue
        const taken = row.taken_at === null ? undefined : readLocalTime(row.taken_at)
        try {
          yield {
            name: nameOnce(entryName(row, opened.extension, size !== 'original')),
            time: taken ?? row.added_at,
            size: opened.size,
            content: opened.stream,
          }
        } finally {
          opened.stream.destroy()
        }
      }
    }
  }
}

interface StoredObject {
  key: string
  size: number
}

type Row = Awaited<ReturnType<typeof readRows>>[number]

/** @throws AppError 404 "Media not found" if the item is gone meanwhile */
async function openItem(
  { database, storage, renders, uses }: ZipLibrary,
  row: Row,
  size: ZipSize,
): Promise<{ extension: string; size: number; stream: Readable }> {
  const open = async ({ key, size }: StoredObject, extension = extensionOf(key)) => {
    const opening = openStream(storage, { key, size }, undefined)
    return { extension, size, stream: await explainMissing(database, key, opening) }
  }
  if (size === 'original') return open(row)
  const wanted = wantedOf(size, toSource(row))
  const extension = wanted.plan?.format
  const [stored] = await database.run(findStored, row.file_id, wanted.name)
  // A newer render may have replaced the image since its row was read.
  const known = stored && (await unlessGone(open(stored, extension)))
  if (known && wanted.plan) uses.note(row.file_id, wanted.name)
  return known ?? open(await renders.render(row.file_id, wanted), extension)
}

const extensionOf = (key: string) => key.slice(key.lastIndexOf('.') + 1)

/** @returns undefined in place of "Media not found" */
async function unlessGone<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result
  } catch (error) {
    if (error instanceof AppError && error.status === 404) return undefined
    throw error
  }
}

const findItems = prepare((db, ids: Parameter<string>) =>
  db
    .selectFrom('media')
    .innerJoin('files', 'files.id', 'media.file_id')
    .select([
      'media.id',
      'media.name',
      'media.file_name',
      'media.taken_at',
      'media.added_at',
      'media.trashed_at',
      'media.focus',
      'media.file_id',
      'files.key',
      'files.size',
      'files.type',
      'files.width',
      'files.height',
      'files.frames',
      'files.thumbhash',
    ])
    .where('media.id', 'in', listed<number>(db, 'bigint', ids))
    .orderBy('media.id')
    .compile(),
)

const readRows = (db: Queries, ids: string) => runIn(db, findItems, ids)

/** @throws AppError 404 "Media not found" if no item of the library has one of the ids */
export async function requireItems(db: Queries, ids: readonly number[]): Promise<void> {
  const rows = await runIn(db, findLive, JSON.stringify(ids))
  if (rows.length === ids.length) return
  const found = new Set(rows.map(({ id }) => id))
  const missing = ids.find((id) => !found.has(id))
  throw mediaNotFound(`There is no media item with id ${missing}.`)
}

const findLive = prepare((db, ids: Parameter<string>) =>
  db
    .selectFrom('media')
    .select('id')
    .where('id', 'in', listed<number>(db, 'bigint', ids))
    .where('trashed_at', 'is', null)
    .compile(),
)
