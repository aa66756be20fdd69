/**
 * Times the transactions of an add and an edit beside the same without what filters and orders are read from. Both
 * run in this process, without HTTP and images, and are durable.
 */
import { COMMAND_LINE, mediaSubject, recordAudit } from '../src/audit/record.ts'
import type { Database } from '../src/database/database.ts'
import { openDatabase } from '../src/database/open.ts'
import type { Queries } from '../src/database/tables.ts'
import { nextTime } from '../src/media/change/add.ts'
import { readStates } from '../src/media/change/derived.ts'
import { editMedia, readDetailed, readItem, writeItem } from '../src/media/change/edit.ts'
import { idAt, insertFiles, insertItems } from '../src/media/change/insert-many.ts'
import { countVersion } from '../src/media/library.ts'
import { adjustCounts } from '../src/media/list/rank.ts'
import { insertEntries, unindexItems } from '../src/media/list/search.ts'
import { countTags, parseTags } from '../src/media/tags.ts'
import { type Comparison, medianRatio, percentile, summarize } from './comparison.ts'
import { createPhotoNames, createPhotos, type NewPhoto } from './fill-photos.ts'
import type { KeptLibrary } from './library.ts'
import { shuffled } from './shuffled.ts'
import { IS_FULL, ITEMS, ROUNDS } from './sizes.ts'

const TIMES = IS_FULL ? 100 : 20

export async function* compareStatements({
  engine,
  location,
}: KeptLibrary): AsyncGenerator<Comparison> {
  const database = await openDatabase(location)
  const nextName = createPhotoNames(11)
  const nextPhoto = createPhotos(11, createPhotoNames(12))
  const ids = shuffled(ITEMS, 2 * TIMES * (ROUNDS + 1), 5).map((place) => place + 1)
  const works = {
    add: {
      most: 2.6,
      ours: () => addItem(database, nextPhoto(), insertItem),
      former: () => addItem(database, nextPhoto(), insertFormer),
    },
    edit: {
      most: 2,
      ours: () => editMedia(database, ids.pop() ?? 0, nextName()),
      former: () => editFormer(database, ids.pop() ?? 0, nextName()),
    },
  }
  try {
    for (const [what, { most, ours, former }] of Object.entries(works)) {
      const [medians, limits]: [number[], number[]] = [[], []]
      for (let round = 0; round <= ROUNDS; round++) {
        const [times, formerTimes]: [number[], number[]] = [[], []]
        for (let time = 0; time < TIMES; time++) {
          formerTimes.push(await timeOf(former))
          times.push(await timeOf(ours))
        }
        // The first round is warm-up.
        if (round === 0) continue
        medians.push(percentile(times, 0.5))
        limits.push(percentile(formerTimes, 0.5))
      }
      yield {
        what: `${what} in ${ITEMS.toLocaleString('en')} items, its transaction alone`,
        engine,
        measured: summarize(medians, 'ms'),
        limit: { ...summarize(limits, 'ms'), by: 'without facets and orders' },
        ratio: medianRatio(medians, limits),
        target: { of: 'ratio', most },
      }
    }
  } finally {
    await database.close()
  }
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

type Item = NewPhoto['item'] & { file_id: number; added_at: number }

/** As `commitMedia`, for an image whose objects are stored. */
async function addItem(
  database: Database,
  { file, item }: NewPhoto,
  insert: (trx: Queries, item: Item) => Promise<number>,
): Promise<void> {
  const now = await database.now()
  await database.write(async (trx) => {
    const file_id = idAt(await insertFiles(trx, [file]), 0)
    const added_at = await nextTime(trx, now)
    await countVersion(trx)
    const id = await insert(trx, { ...item, file_id, added_at })
    const detail = { name: item.name }
    const subject = mediaSubject(id)
    await recordAudit(trx, COMMAND_LINE, { action: 'media-added', subject, detail }, now)
    await readItem(trx, id)
  })
}

const insertItem = async (trx: Queries, item: Item) => idAt(await insertItems(trx, [item]), 0)

async function insertFormer(trx: Queries, item: Item): Promise<number> {
  const { id } = await trx
    .insertInto('media')
    .values({ ...item, changed_at: item.added_at })
    .returning('id')
    .executeTakeFirstOrThrow()
  const tags = parseTags(item.tags)
  await countTags(trx, [], tags)
  await insertEntries(trx, [{ ...NO_TEXTS, ...item, id, tags }])
  await adjustCounts(trx, [id], 1)
  return id
}

const NO_TEXTS = { file_name: null, description: null, credit: null, translations: '{}' }

/** As `editMedia`. */
async function editFormer(
  database: Database,
  id: number,
  { name, tags }: { name: string; tags: string[] },
): Promise<void> {
  const now = await database.now()
  await database.write(async (trx) => {
    const [before] = await readStates(trx, [id])
    const item = await readDetailed(trx, id)
    if (!before || !item) throw new Error(`There is no item ${id}.`)
    await writeItem(trx, { ...item, name, tags }, now)
    await countVersion(trx)
    const detail = { name: { from: item.name, to: name } }
    const subject = mediaSubject(id)
    await recordAudit(trx, COMMAND_LINE, { action: 'media-edited', subject, detail }, now)
    await countTags(trx, item.tags, tags)
    await unindexItems(trx, [id])
    await insertEntries(trx, [{ ...before, name, tags }])
    await readItem(trx, id)
  })
}
