import type { Database } from '../database/database.ts'
import type { Queries } from '../database/tables.ts'
import { foldName } from '../media/collections/collection-fields.ts'
import { placeBetween } from '../media/collections/positions.ts'
import { placeLast, requireFreeName } from '../media/collections/siblings.ts'
import { MAX_LEVELS } from '../media/collections/tree.ts'
import { refreshUnder } from '../media/filter/collection-facets.ts'
import { countVersion } from '../media/library.ts'
import type { Check, Finding } from './finding.ts'

/**
 * Checks the tree of collections: that each is below one that is there, at most eight levels deep and not below itself;
 * that siblings have names and places of their own; and that covers are there. Collections that are deleted and wait
 * for their items to be taken out are in no tree any more.
 */
export const checkCollections: Check = async function* ({ database }) {
  yield* checkLost(database)
  yield* checkNames(await readCollections(database.read))
  yield* checkParents(await readCollections(database.read))
  yield* checkLevels(await readCollections(database.read))
  yield* checkPlaces(await readCollections(database.read))
  const covers = await database.read
    .selectFrom('collections')
    .select(['id', 'name'])
    .where('cover', 'not in', (items) => items.selectFrom('media').select('id'))
    .orderBy('id')
    .execute()
  for (const row of covers) yield forgetCover(row)
}

/** There are 10,000 at most. */
const readCollections = (db: Queries) =>
  db
    .selectFrom('collections')
    .select(['id', 'name', 'folded', 'parent', 'position', 'query'])
    .where('deleted', '=', 0)
    .orderBy('position')
    .orderBy('id')
    .execute()

type Row = Awaited<ReturnType<typeof readCollections>>[number]

const nameCollection = ({ id, name }: Pick<Row, 'id' | 'name'>) =>
  `collection ${id} ${JSON.stringify(name)}`

/** Collections that have items, but no row. Who made it again knows by its items what it was. */
async function* checkLost({ read }: Database): AsyncGenerator<Finding> {
  const lost = await read
    .selectFrom('collection_items')
    .select('collection_id')
    .distinct()
    .where('collection_id', 'not in', (rows) => rows.selectFrom('collections').select('id'))
    .orderBy('collection_id')
    .execute()
  for (const { collection_id: id } of lost) {
    const name = `Collection ${id}`
    yield {
      problem: `Items are in a collection ${id} that is not there.`,
      remedy: `Makes it again at the top, with the name ${JSON.stringify(name)}.`,
      async repair({ database }) {
        await database.write(async (trx) => {
          const folded = foldName(name)
          await requireFreeName(trx, null, { name, folded })
          const position = await placeLast(trx, null)
          await trx.insertInto('collections').values({ id, name, folded, position }).execute()
          await countVersion(trx)
          await refreshUnder(trx, [id])
        })
        return { done: 'Made it again.' }
      },
    }
  }
}

function* checkNames(rows: readonly Row[]): Generator<Finding> {
  const byName = Map.groupBy(rows, ({ parent, name }) => `${parent ?? ''}:${foldName(name)}`)
  for (const same of byName.values()) {
    const [first] = same
    if (same.length > 1) {
      yield {
        problem: `Collections beside each other have the same name: ${same.map(nameCollection).join(', ')}.`,
        remedy: 'Rename all but one of them.',
      }
    } else if (first && first.folded !== foldName(first.name)) yield foldAnew(first)
  }
}

const foldAnew = ({ id, name, parent }: Row): Finding => ({
  problem: `The name of ${nameCollection({ id, name })} is not compared as it is.`,
  remedy: 'Writes anew what names are compared by.',
  async repair({ database }) {
    await database.write(async (trx) => {
      const folded = foldName(name)
      await requireFreeName(trx, parent, { name, folded, except: id })
      await trx.updateTable('collections').set({ folded }).where('id', '=', id).execute()
      await countVersion(trx)
    })
    return { done: 'Wrote it anew.' }
  },
})

function* checkParents(rows: readonly Row[]): Generator<Finding> {
  const byId = new Map(rows.map((row) => [row.id, row]))
  for (const row of rows) {
    const { parent } = row
    if (parent === null) continue
    const above = byId.get(parent)
    if (!above) {
      yield moveToTop(row, `is below a collection ${parent} that is not there`)
    } else if (above.query !== null) {
      yield moveToTop(row, `is below the saved search ${parent}, which can hold nothing`)
    } else if (isFirstOfCycle(row, byId)) {
      yield moveToTop(row, 'is below itself')
    }
  }
}

/** Whether a collection is below itself, and has the lowest id of those that are in the same cycle. */
function isFirstOfCycle({ id, parent }: Row, byId: ReadonlyMap<number, Row>): boolean {
  const line = new Set<number>()
  for (let above = parent; above !== null && !line.has(above); ) {
    line.add(above)
    if (above === id) return Math.min(...line) === id
    above = byId.get(above)?.parent ?? null
  }
  return false
}

const moveToTop = ({ id, name, parent, folded }: Row, fault: string): Finding => ({
  problem: `The ${nameCollection({ id, name })} ${fault}.`,
  remedy: 'Moves it to the top.',
  async repair({ database }) {
    await database.write(async (trx) => {
      await requireFreeName(trx, null, { name, folded, except: id })
      const position = await placeLast(trx, null)
      await trx
        .updateTable('collections')
        .set({ parent: null, position })
        .where('id', '=', id)
        .where('parent', '=', parent)
        .execute()
      await countVersion(trx)
      await refreshUnder(trx, [id, ...(parent === null ? [] : [parent])])
    })
    return { done: 'Moved it to the top.' }
  },
})

function* checkLevels(rows: readonly Row[]): Generator<Finding> {
  const parents = new Map(rows.map(({ id, parent }) => [id, parent]))
  for (const row of rows) {
    const line = new Set([row.id])
    for (let above = row.parent; above !== null && !line.has(above); ) {
      line.add(above)
      above = parents.get(above) ?? null
    }
    // Those below it need no finding of their own.
    if (line.size !== MAX_LEVELS + 1) continue
    yield {
      problem: `The ${nameCollection(row)} is ${line.size} levels deep, and ${MAX_LEVELS} are allowed.`,
      remedy: 'Move it, or one that it is below, further up.',
    }
  }
}

function* checkPlaces(rows: readonly Row[]): Generator<Finding> {
  for (const [parent, siblings] of Map.groupBy(rows, (row) => row.parent)) {
    if (new Set(siblings.map(({ position }) => position)).size === siblings.length) continue
    const place = parent === null ? 'at the top' : `below collection ${parent}`
    yield {
      problem: `Collections ${place} have the same place among the others.`,
      remedy: 'Gives them places of their own.',
      async repair({ database }) {
        await database.write(async (trx) => {
          const present = (await readCollections(trx)).filter((row) => row.parent === parent)
          const places = placeBetween(undefined, undefined, present.length) ?? []
          for (const [index, { id }] of present.entries()) {
            const position = places[index]
            if (position === undefined) throw new Error('there is no room for their places.')
            await trx.updateTable('collections').set({ position }).where('id', '=', id).execute()
          }
          await countVersion(trx)
        })
        return { done: 'Gave them places of their own.' }
      },
    }
  }
}

const forgetCover = ({ id, name }: Pick<Row, 'id' | 'name'>): Finding => ({
  problem: `The cover of ${nameCollection({ id, name })} is an item that is not there.`,
  remedy: 'Takes the cover away.',
  async repair({ database }) {
    await database.write(async (trx) => {
      await trx.updateTable('collections').set({ cover: null }).where('id', '=', id).execute()
      await countVersion(trx)
    })
    return { done: 'Took the cover away.' }
  },
})
