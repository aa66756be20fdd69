import { AppError } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { addCollection } from '../../media/collections/change-collection.ts'
import { type Collection, listCollections } from '../../media/collections/collection.ts'
import { foldName } from '../../media/collections/collection-fields.ts'
import { MAX_LEVELS } from '../../media/collections/tree.ts'
import { MAX_NAME_CODE_POINTS } from '../../media/parameters.ts'
import { fitCollectionDescription, fitCollectionName } from './fit-item.ts'
import type { Mapping } from './mapping.ts'
import type { SourceCollection } from './source.ts'

interface Place {
  id: number
  /** 1 at the top. */
  level: number
}

/**
 * Makes the collections of a source in the library, or finds them again: by the mapping, else by their name in the same
 * place. A collection below the deepest level that the library has comes beside its parent.
 *
 * @param collections parents before their children
 * @returns the ids of the library's collections by those of the source
 * @throws AppError if the library can have no more collections
 */
export async function placeCollections(
  database: Database,
  collections: AsyncIterable<SourceCollection>,
  mapping: Mapping,
): Promise<ReadonlyMap<string, number>> {
  const present = await database.snapshot(listCollections)
  let byName = groupByName(present)
  const known = new Map(present.filter(isOpen).map((collection) => [collection.id, collection]))
  const levels = new Map<number, number>()
  for (const { id, parent } of present) {
    levels.set(id, parent === null ? 1 : (levels.get(parent) ?? 0) + 1)
  }
  const places = new Map<string, Place & { parent: number | null }>()
  // Two collections of the source may have one name, so one that another stands for is not used again.
  const used = new Set(mapping.collections.values())

  for await (const collection of collections) {
    const id = mapping.collections.get(collection.id)
    const found = id === undefined ? undefined : known.get(id)
    if (found) {
      const level = levels.get(found.id) ?? 1
      places.set(collection.id, { id: found.id, level, parent: found.parent })
      continue
    }
    const above = collection.parent === undefined ? undefined : places.get(collection.parent)
    const isTooDeep = above !== undefined && above.level === MAX_LEVELS
    const parent = isTooDeep ? above.parent : (above?.id ?? null)
    const level = isTooDeep ? MAX_LEVELS : (above?.level ?? 0) + 1
    const { id: placed, name } = await findOrAdd(parent, collection)
    used.add(placed)
    places.set(collection.id, { id: placed, level, parent })
    await mapping.write({ collection: collection.id, id: placed, name })
  }
  return new Map([...places].map(([key, { id }]) => [key, id]))

  async function findOrAdd(parent: number | null, collection: SourceCollection) {
    const wanted = fitCollectionName(collection.name)
    for (let nth = 1; ; nth += 1) {
      const name = nth === 1 ? wanted : numbered(wanted, nth)
      const sameName = byName.get(placeOf(parent, name)) ?? []
      const free = sameName.find((it) => isOpen(it) && !used.has(it.id))
      if (free) return free
      if (sameName.length > 0) continue
      const description = fitCollectionDescription(collection.description)
      try {
        const made = await addCollection(database, { name, parent, description, query: null })
        byName.set(placeOf(parent, name), [made])
        return made
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'name-taken')) throw error
        // Somebody made one of this name meanwhile.
        byName = groupByName(await database.snapshot(listCollections))
        nth -= 1
      }
    }
  }
}

const placeOf = (parent: number | null, name: string) => `${parent ?? ''}/${foldName(name)}`

const groupByName = (collections: readonly Collection[]) =>
  Map.groupBy(collections, ({ parent, name }) => placeOf(parent, name))

/** Whether items can be put into it. */
const isOpen = ({ query }: Collection): boolean => query === null

/** `Holiday (2)` */
function numbered(name: string, nth: number): string {
  const end = ` (${nth})`
  return [...name].slice(0, MAX_NAME_CODE_POINTS - end.length).join('') + end
}
