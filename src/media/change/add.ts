import type { Insertable } from 'kysely'
import { type Actor, COMMAND_LINE, mediaSubject, recordAudit, writeAs } from '../../audit/record.ts'
import { AppError } from '../../base/errors.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Milliseconds, Queries, Tables } from '../../database/tables.ts'
import type { SpooledFile } from '../../http/body/read-upload.ts'
import { writeMemberships } from '../collections/membership.ts'
import { requireCollections } from '../collections/requirements.ts'
import { type MediaItem, selectItems, toItem } from '../item.ts'
import { countVersion, type Library } from '../library.ts'
import type { MemberChanges } from '../members.ts'
import { updateOrders } from '../order/orders.ts'
import { addSaid, factColumns, joinSaid, parseSaid, type Said, warningsOf } from '../said.ts'
import { pairStates, readStates } from './derived.ts'
import { idAt, insertItems } from './insert-many.ts'
import {
  type Committed,
  findKnownFile,
  type KnownFile,
  type StoredImage,
  settleFile,
  storeInSteps,
} from './store-image.ts'

/** The most earlier items with the same bytes that an answer names. */
const MAX_DUPLICATES_NAMED = 100

export interface NewMedia {
  /** As `readName` and `readTags` return them. */
  name: string
  tags: readonly string[]
  /** As `readMembers` returns them. */
  members?: Omit<MemberChanges, 'name' | 'tags'>
  /** Whether keywords in the file become tags. */
  keywords?: boolean
  /** Counts where neither the members nor the file say it. */
  unlessSaid?: Pick<MemberChanges, 'takenAt' | 'credit' | 'copyright'>
  /** What an XMP sidecar of the file says. */
  sidecar?: Said | undefined
  /** As `readFileName` returns it. */
  fileName?: string | null
  image: SpooledFile
  /** Refuse bytes that an item outside of the trash already has, instead of making another item of them. */
  onlyNew?: boolean
  /** For the audit trail. */
  by?: Actor
}

export interface AddedMedia {
  media: MediaItem
  /** Ids of earlier items with the same file, also of those in the trash. The oldest is first. */
  duplicates: number[]
  /** Whether one of these is in the trash. */
  trashed: boolean
  /** Sentences that say what of the file is not shown. */
  warnings: string[]
}

/** A stored image of which a transaction makes an item. */
export interface StoredMedia extends StoredImage {
  item: Omit<NewMedia, 'image'>
}

/** The steps of an add that change the database. `createAdder` does each for several images at once. */
export interface AddSteps<Added> {
  record(keys: readonly string[]): Promise<void>
  commit(stored: StoredMedia): Promise<Committed<Added>>
}

/**
 * Adds an image to the library. The item is complete and durable when this resolves. Nothing remains of it
 * when this rejects. Bytes that the library already holds are not stored twice. See `storeInSteps`.
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
export const addInSteps = <Added>(
  library: Library,
  { image, ...item }: NewMedia,
  { record, commit }: AddSteps<Added>,
  signal?: AbortSignal,
): Promise<Added | AddedMedia> =>
  storeInSteps<Added | AddedMedia>(
    library,
    image,
    {
      record,
      link: (known) => linkMedia(library, known, image, item),
      commit: (stored) => commit({ ...stored, item }),
    },
    signal,
  )

/** Makes an item of a file that the library has already. */
async function linkMedia(
  { database }: Library,
  known: KnownFile,
  image: SpooledFile,
  item: Omit<NewMedia, 'image'>,
): Promise<{ result: AddedMedia } | undefined> {
  const now = await database.now()
  return writeAs(database, item.by ?? COMMAND_LINE, async (trx) => {
    const file = await findKnownFile(trx, image)
    if (file?.key !== known.key) return undefined
    return { result: await insertMedia(trx, file.id, parseSaid(file.said), item, now) }
  })
}

/** Makes the item in one transaction. */
export async function commitMedia(
  library: Library,
  { item, ...stored }: StoredMedia,
): Promise<Committed<AddedMedia>> {
  const { database } = library
  const now = await database.now()
  return writeAs(database, item.by ?? COMMAND_LINE, async (trx) => {
    const { fileId, said, ...settled } = await settleFile(trx, library, stored)
    return { ...settled, result: await insertMedia(trx, fileId, parseSaid(said), item, now) }
  })
}

async function insertMedia(
  trx: Queries,
  fileId: number,
  said: Said,
  item: Omit<NewMedia, 'image'>,
  now: Milliseconds,
): Promise<AddedMedia> {
  const { name, onlyNew = false, by = COMMAND_LINE } = item
  const earlier = (await runIn(trx, findDuplicates, fileId)).sort((a, b) => a.id - b.id)
  const known = onlyNew ? earlier.find(({ trashed_at }) => trashed_at === null) : undefined
  if (known) throw imageKnown(known.id)

  const added_at = await nextTime(trx, now)
  await requireCollections(trx, item.members?.collections ?? [])
  await countVersion(trx)
  const id = idAt(
    await insertItems(trx, [describeItem(item, { file_id: fileId, added_at }, said)]),
    0,
  )
  await enterCollections(trx, [{ id, item }])
  const subject = mediaSubject(id)
  await recordAudit(trx, by, { action: 'media-added', subject, detail: { name } }, now)

  const row = await selectItems(trx).where('media.id', '=', id).executeTakeFirstOrThrow()
  const media = toItem(row)
  return {
    media,
    duplicates: earlier.slice(0, MAX_DUPLICATES_NAMED).map((item) => item.id),
    trashed: earlier.some(({ trashed_at }) => trashed_at !== null),
    warnings: warningsOf(said, media.type),
  }
}

/** Puts new items into their collections, in this order. The collections must have been checked. */
export async function enterCollections(
  trx: Queries,
  items: readonly { id: number; item: Omit<NewMedia, 'image'> }[],
): Promise<void> {
  const entering = items
    .map(({ id, item }) => ({ id, before: [], after: item.members?.collections ?? [] }))
    .filter(({ after }) => after.length > 0)
  if (entering.length === 0) return
  await writeMemberships(trx, entering)
  const after = await readStates(
    trx,
    entering.map(({ id }) => id),
  )
  const before = after.map((state) => ({ ...state, positions: null }))
  await updateOrders(trx, pairStates(before, after))
}

/** Finds the oldest items with a file: of those in the library, and of those in the trash. */
const findDuplicates = prepare((db, fileId: Parameter<number>) => {
  const oldest = (trash: 'is' | 'is not') =>
    db
      .selectFrom((from) =>
        from
          .selectFrom('media')
          .select(['id', 'trashed_at'])
          .where('file_id', '=', fileId)
          .where('trashed_at', trash, null)
          .orderBy('id')
          .limit(from.lit(MAX_DUPLICATES_NAMED))
          .as('oldest'),
      )
      .selectAll()
  return oldest('is').unionAll(oldest('is not')).compile()
})

/** The row of an item. What nobody says of it is taken from its sidecar and its file. */
export function describeItem(
  { name, fileName = null, by, ...given }: Omit<NewMedia, 'image'>,
  place: { file_id: number; added_at: Milliseconds },
  saidByFile: Said,
): Insertable<Tables['media']> {
  const said = given.sidecar ? joinSaid(given.sidecar, saidByFile) : saidByFile
  const { tags, members } = addSaid(
    { tags: given.tags, members: given.members ?? {} },
    said,
    given.keywords ?? false,
  )
  const { alt, description, credit, copyright, source, rating, takenAt, focus } = {
    ...given.unlessSaid,
    ...members,
  }
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
    ...factColumns(said),
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
