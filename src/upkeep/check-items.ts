import type { Queries } from '../database/tables.ts'
import { readName, readTags } from '../media/parameters.ts'
import { type Check, type Finding, nameItem } from './finding.ts'

const BATCH = 1000

/** Checks that items have a file, name and tags in stored form, and that none is older than the one before. */
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
          remedy: 'The right time cannot be recovered.',
        }
      }
      last = item
    }
    if (items.length < BATCH) break
  }

  // Read last, because every add may increase it.
  const { last_added_at } = await database.read
    .selectFrom('library')
    .select('last_added_at')
    .executeTakeFirstOrThrow()
  if (last_added_at < last.added_at) {
    yield {
      problem: 'The recorded time of the latest addition is before that of the latest item.',
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
      problem: `The name or the tags of ${nameItem(item)} are not in the form in which Vitrine stores them: ${item.tags}.`,
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
