import { UsageError } from '../base/errors.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { createPace, inBatches } from '../database/pace.ts'
import { readId } from '../http/read-id.ts'
import { addCollection, changeCollection } from '../media/collections/change-collection.ts'
import { cleanAll } from '../media/collections/cleaner.ts'
import { type CollectionChange, collectItems } from '../media/collections/collect-items.ts'
import { listCollections } from '../media/collections/collection.ts'
import { readCollectionPatch, readNewCollection } from '../media/collections/collection-fields.ts'
import { deleteCollection } from '../media/collections/delete-collection.ts'
import { requireKnown } from '../media/collections/requirements.ts'
import { requireLibrary, withDatabase } from './open-database.ts'
import { printTable } from './table.ts'

/** Prints all collections, each followed by those below it. */
export async function collectionList(config: Config): Promise<void> {
  const collections = await withLibrary(config, ({ read }) =>
    read.transaction().execute(listCollections),
  )
  const levels = new Map<number | null, number>([[null, -1]])
  const rows = collections.map(({ id, name, parent, count, total }) => {
    const level = (levels.get(parent) ?? -1) + 1
    levels.set(id, level)
    return [String(id), showCount(count), showCount(total), '  '.repeat(level) + name]
  })
  printTable(['ID', 'ITEMS', 'WITH ALL BELOW', 'NAME'], rows)
}

/** A saved search has no count. */
const showCount = (count: number | null) => (count === null ? 'search' : String(count))

export async function collectionAdd(
  config: Config,
  name: string,
  { parent, ...others }: { parent?: string; description?: string; query?: string },
): Promise<void> {
  const fields = readNewCollection({
    name,
    ...others,
    ...(parent !== undefined && { parent: requireId(parent) }),
  })
  const made = await withLibrary(config, (database) => addCollection(database, fields))
  console.log(`Added the collection ${made.id}: ${made.name}`)
}

export async function collectionRename(config: Config, id: string, name: string): Promise<void> {
  const patch = readCollectionPatch({ name })
  const renamed = await withLibrary(config, (database) =>
    changeCollection(database, requireId(id), patch),
  )
  console.log(`The collection ${renamed.id} is called ${renamed.name} now.`)
}

/** Deletes a collection. Does all the work itself, because there may be no server that would. */
export async function collectionDelete(
  config: Config,
  id: string,
  { recursive = false }: { recursive?: boolean },
): Promise<void> {
  await withLibrary(config, async (database) => {
    const options = { isRecursive: recursive }
    const { collection, isClean } = await deleteCollection(database, requireId(id), options)
    // If this is killed meanwhile, a server goes on with it.
    if (!isClean) await cleanAll(database)
    console.log(`Deleted the collection ${collection.name}; its items are still in the library.`)
  })
}

export async function collectionPut(
  config: Config,
  id: string,
  items: readonly string[],
): Promise<void> {
  const done = await change(config, id, items, (add) => ({ add: [add], remove: [] }))
  console.log(`Put ${done} items into the collection ${id}.`)
}

export async function collectionTake(
  config: Config,
  id: string,
  items: readonly string[],
): Promise<void> {
  const done = await change(config, id, items, (remove) => ({ add: [], remove: [remove] }))
  console.log(`Took ${done} items out of the collection ${id}; they are still in the library.`)
}

/** @returns how many items were changed, or were so already */
async function change(
  config: Config,
  idText: string,
  itemTexts: readonly string[],
  changeOf: (collection: number) => CollectionChange,
): Promise<number> {
  const id = requireId(idText)
  const items = [...new Set(itemTexts.map(requireId))].sort((a, b) => a - b)
  return withLibrary(config, async (database) => {
    await requireKnown(database.read, [id])
    const pace = createPace(database)
    let done = 0
    for await (const batch of inBatches([items], pace.batch)) {
      const failed = await collectItems(pace.database, batch, changeOf(id))
      for (const { error } of failed) console.error(error.detail ?? error.message)
      if (failed.length > 0) process.exitCode = 1
      done += batch.length - failed.length
      pace.adapt()
      await pace.pause()
    }
    return done
  })
}

async function withLibrary<T>(
  config: Config,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  await requireLibrary(config)
  return withDatabase(config, work)
}

function requireId(text: string): number {
  const id = readId(text)
  if (id !== undefined) return id
  throw new UsageError(`${JSON.stringify(text)} is no id; it must be a whole number from 1 on.`)
}
