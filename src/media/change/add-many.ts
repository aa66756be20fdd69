import { COMMAND_LINE, mediaSubject, recordAudit } from '../../audit/record.ts'
import { requireCollections } from '../collections/requirements.ts'
import { countVersion, type Library } from '../library.ts'
import { parseSaid } from '../said.ts'
import {
  addInSteps,
  commitMedia,
  describeItem,
  enterCollections,
  type NewMedia,
  nextTime,
  type StoredMedia,
} from './add.ts'
import { createBatcher } from './batcher.ts'
import { idAt, insertFiles, insertItems } from './insert-many.ts'
import { describeFile } from './store-image.ts'

/**
 * Adds an image, and resolves with the id of its item.
 * @param inTurn begins what makes the item, when it is its turn among those that are added at the same time
 */
export type Add = (
  media: NewMedia,
  inTurn?: <Result>(begin: () => Promise<Result>) => Promise<Result>,
) => Promise<number>

/**
 * Like `addMedia`, for a caller that adds many images, several at the same time. Images that are ready at
 * about the same time become items in one transaction, in the order in which they began it. An item is complete and
 * durable when its own promise resolves.
 */
export function createAdder(library: Library): Add {
  const record = createBatcher(async (lists: readonly (readonly string[])[]) => {
    await library.journal.record(lists.flat())
    return lists.map(() => undefined)
  })
  const commitNew = createBatcher((stored: readonly StoredMedia[]) =>
    commitThoseNew(library, stored),
  )
  return async (media, inTurn = (begin) => begin()) => {
    const added = await addInSteps<number>(library, media, {
      record,
      async commit(stored) {
        const id = await inTurn(() => commitNew(stored))
        if (id !== undefined) return { unused: [], result: id }
        const { result, ...committed } = await commitMedia(library, stored)
        return { ...committed, result: result.media.id }
      },
    })
    return typeof added === 'number' ? added : added.media.id
  }
}

/**
 * Makes items of the images whose bytes the library does not hold yet.
 * @returns for each image, the id of its item, or undefined; the caller must commit those one by one
 */
async function commitThoseNew(
  library: Library,
  stored: readonly StoredMedia[],
): Promise<readonly (number | undefined)[]> {
  const { database, journal } = library
  const now = await database.now()
  const commit = database.write(async (trx) => {
    const rows = await trx
      .selectFrom('files')
      .select('sha256')
      .where(
        'sha256',
        'in',
        stored.map(({ image }) => image.sha256),
      )
      .execute()
    const known = new Set(rows.map(({ sha256 }) => sha256))
    const isNew = stored.map(({ image: { sha256 } }) => {
      if (known.has(sha256)) return false
      known.add(sha256)
      return true
    })
    const fresh = stored.filter((_, index) => isNew[index])
    if (fresh.length === 0) return stored.map(() => undefined)
    const files = fresh.map((media) => describeFile(library, media))
    const fileIds = await insertFiles(trx, files)
    await journal.take(
      trx,
      fresh.flatMap(({ keys }) => [keys.original, keys.scaled]),
    )
    const added_at = await nextTime(trx, now)
    await requireCollections(trx, [
      ...new Set(fresh.flatMap(({ item }) => item.members?.collections ?? [])),
    ])
    await countVersion(trx)
    const ids = await insertItems(
      trx,
      fresh.map(({ item }, index) =>
        describeItem(
          item,
          { file_id: idAt(fileIds, index), added_at },
          parseSaid(files[index]?.file.said ?? null),
        ),
      ),
    )
    await enterCollections(
      trx,
      fresh.map(({ item }, index) => ({ id: idAt(ids, index), item })),
    )
    for (const [index, { item }] of fresh.entries()) {
      const { name, by = COMMAND_LINE } = item
      const subject = mediaSubject(idAt(ids, index))
      await recordAudit(trx, by, { action: 'media-added', subject, detail: { name } }, now)
    }
    const made = ids.values()
    return isNew.map((it) => (it ? made.next().value : undefined))
  })
  // One image may be at fault. Committed one by one, only that one fails, with its own error.
  return commit.catch((error) => {
    library.log.warn({ err: error, count: stored.length }, 'Images could not be added together')
    return stored.map(() => undefined)
  })
}
