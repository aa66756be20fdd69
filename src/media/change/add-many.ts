import { COMMAND_LINE, mediaSubject, recordAudit } from '../../audit/record.ts'
import { countVersion, type Library } from '../library.ts'
import { parseSaid } from '../said.ts'
import {
  addInSteps,
  commitMedia,
  describeItem,
  type NewMedia,
  nextTime,
  type StoredMedia,
} from './add.ts'
import { createBatcher } from './batcher.ts'
import { idAt, insertFiles, insertItems } from './insert-many.ts'
import { describeFile } from './store-image.ts'

/**
 * Like `addMedia`, for a caller that adds many images, several at the same time. Images that are ready at
 * about the same time become items in one transaction. An item is complete and durable when its own promise
 * resolves.
 */
export function createAdder(library: Library): (media: NewMedia) => Promise<void> {
  const record = createBatcher(async (lists: readonly (readonly string[])[]) => {
    await library.journal.record(lists.flat())
    return lists.map(() => undefined)
  })
  const commitNew = createBatcher((stored: readonly StoredMedia[]) =>
    commitThoseNew(library, stored),
  )
  return async (media) => {
    await addInSteps(library, media, {
      record,
      async commit(stored) {
        const isCommitted = await commitNew(stored)
        return isCommitted ? { unused: [], result: undefined } : commitMedia(library, stored)
      },
    })
  }
}

/**
 * Makes items of the images whose bytes the library does not hold yet.
 * @returns for each image, whether it became an item; the caller must commit the others one by one
 */
async function commitThoseNew(
  library: Library,
  stored: readonly StoredMedia[],
): Promise<readonly boolean[]> {
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
    if (fresh.length === 0) return isNew
    const files = fresh.map((media) => describeFile(library, media))
    const fileIds = await insertFiles(trx, files)
    await journal.take(
      trx,
      fresh.flatMap(({ keys }) => [keys.original, keys.scaled]),
    )
    const added_at = await nextTime(trx, now)
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
    for (const [index, { item }] of fresh.entries()) {
      const { name, by = COMMAND_LINE } = item
      const subject = mediaSubject(idAt(ids, index))
      await recordAudit(trx, by, { action: 'media-added', subject, detail: { name } }, now)
    }
    return isNew
  })
  // One image may be at fault. Committed one by one, only that one fails, with its own error.
  return commit.catch((error) => {
    library.log.warn({ err: error, count: stored.length }, 'Images could not be added together')
    return stored.map(() => false)
  })
}
