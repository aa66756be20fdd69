import type { Queries } from '../database/tables.ts'
import { readName, readTags } from '../media/parameters.ts'
import { type Check, type Finding, nameItem } from './finding.ts'

const BATCH = 1000

/** Every item has its file, a name and tags as they are stored, and is no older than the one before. */
export const checkItems: Check = async function* ({ database }, advance) {
  let last = { id: 0, name: '', added_at: 0 }
  for (;;) {
    const items = await readBatch(database.read, last.id)
    for (const item of items) {
      advance()
      yield* checkItem(item)
      if (item.added_at < last.added_at) {
        yield {
          problem: `The timestamp of ${nameItem(item)} is before that of ${nameItem(last)}.`,
          remedy: 'Nobody can tell what it was.',
        }
      }
      last = item
    }
    if (items.length < BATCH) break
  }

  // Read last, since it grows with every addition.
  const { last_added_at } = await database.read
    .selectFrom('library')
    .select('last_added_at')
    .executeTakeFirstOrThrow()
  if (last_added_at < last.added_at) {
    yield {
      problem: 'The library takes an item for its latest that is not.',
      remedy: 'Sets the time of the latest addition.',
      async repair(library) {
        await library.database.write(async (trx) => {
          const { newest } = await trx
            .selectFrom('media')
            .select((row) => row.fn.max('added_at').as('newest'))
            .executeTakeFirstOrThrow()
          await trx
            .updateTable('library')
            .set({ last_added_at: newest })
            .where('last_added_at', '<', newest)
            .execute()
        })
        return { done: 'Set the time of the latest addition.' }
      },
    }
  }
}

const readBatch = (db: Queries, after: number) =>
  db
    .selectFrom('media')
    .leftJoin('files', 'files.id', 'media.file_id')
    .select(['media.id', 'media.name', 'media.tags', 'media.added_at', 'files.id as file'])
    .where('media.id', '>', after)
    .orderBy('media.id')
    .limit(BATCH)
    .execute()

function* checkItem(item: Awaited<ReturnType<typeof readBatch>>[number]): Generator<Finding, void> {
  if (item.file === null) {
    yield {
      problem: `${nameItem(item)} has no file.`,
      remedy: 'Restore the database from a backup, or delete the item.',
    }
  }
  if (!isStoredForm(item)) {
    yield {
      problem: `The name or the tags of ${nameItem(item)} are not as they are stored: ${item.tags}.`,
      remedy: 'Edit the item.',
    }
  }
}

function isStoredForm({ name, tags }: { name: string; tags: string }): boolean {
  try {
    return readName(name) === name && JSON.stringify(readTags(JSON.parse(tags))) === tags
  } catch {
    return false
  }
}
