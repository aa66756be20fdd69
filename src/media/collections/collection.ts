import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { type Static, Type } from '../../http/schema.ts'

const orNull = <Schema extends Parameters<typeof Type.Optional>[0]>(schema: Schema) =>
  Type.Union([schema, Type.Null()])

export const Collection = Type.Object(
  {
    id: Type.Integer(),
    name: Type.String(),
    description: orNull(Type.String()),
    parent: orNull(Type.Integer({ description: 'Id of the collection that it is below' })),
    cover: orNull(Type.Integer({ description: 'Id of an item' })),
    count: orNull(
      Type.Integer({ description: 'How many items are in it; null for a saved search' }),
    ),
    total: orNull(
      Type.Integer({
        description: 'The same with its sub-collections, each item counted once',
      }),
    ),
    query: orNull(
      Type.String({ description: 'Of a saved search: the query of the list that it stands for' }),
    ),
  },
  { title: 'Collection' },
)
export type Collection = Static<typeof Collection>

export const CollectionList = Type.Object(
  {
    collections: Type.Array(Collection, {
      description: 'In order: each is followed by its sub-collections',
    }),
  },
  { title: 'CollectionList' },
)
export type CollectionList = Static<typeof CollectionList>

/** What is kept of a collection, without its counts. */
export type CollectionRow = Awaited<
  ReturnType<ReturnType<typeof selectCollections>['executeTakeFirstOrThrow']>
>

/** A cover in the trash counts as none, until it is restored. */
const selectCollections = (db: Queries) =>
  db
    .selectFrom('collections')
    .leftJoin('media', (join) =>
      join.onRef('media.id', '=', 'collections.cover').on('media.trashed_at', 'is', null),
    )
    .select([
      'collections.id',
      'collections.name',
      'collections.description',
      'collections.parent',
      'collections.position',
      'collections.query',
      'media.id as cover',
    ])
    .where('collections.deleted', '=', 0)

const findAll = prepare((db) => selectCollections(db).orderBy('collections.position').compile())

const findOne = prepare((db, id: Parameter<number>) =>
  selectCollections(db).where('collections.id', '=', id).compile(),
)

/** The facets of filters hold the numbers of items outside of the trash. */
const selectCounts = (db: Queries) =>
  db
    .selectFrom('facets')
    .select(['kind', 'value', 'live'])
    .where('kind', 'in', ['collection', 'under'])

const findAllCounts = prepare((db) => selectCounts(db).compile())

const findCounts = prepare((db, value: Parameter<string>) =>
  selectCounts(db).where('value', '=', value).compile(),
)

/**
 * All collections in order: each is followed by what is below it, and beside their siblings they are in the order
 * that people gave them. Two queries, which must see one state of the database.
 */
export async function listCollections(db: Queries): Promise<Collection[]> {
  const rows = inOrder(await runIn(db, findAll))
  const counts = createCounts(await runIn(db, findAllCounts))
  return rows.map((row) => toCollection(row, counts))
}

/** @returns undefined if no collection has this id */
export async function findCollection(db: Queries, id: number): Promise<CollectionRow | undefined> {
  const [row] = await runIn(db, findOne, id)
  return row
}

/** @throws Error if no collection has this id */
export async function readCollection(db: Queries, id: number): Promise<Collection> {
  const row = await findCollection(db, id)
  if (!row) throw new Error(`The collection ${id} is not there in the transaction that changes it.`)
  return toCollection(row, createCounts(await runIn(db, findCounts, String(id))))
}

/** How many items are in each collection, and how many in it and below it. The keys are ids as texts. */
interface Counts {
  collection: ReadonlyMap<string, number>
  under: ReadonlyMap<string, number>
}

function createCounts(rows: readonly { kind: string; value: string; live: number }[]): Counts {
  const [collection, under] = [new Map<string, number>(), new Map<string, number>()]
  for (const { kind, value, live } of rows) (kind === 'under' ? under : collection).set(value, live)
  return { collection, under }
}

function toCollection(row: CollectionRow, counts: Counts): Collection {
  const { id, name, description, parent, cover, query } = row
  const isSearch = query !== null
  return {
    id,
    name,
    description,
    parent,
    cover,
    count: isSearch ? null : (counts.collection.get(String(id)) ?? 0),
    total: isSearch ? null : (counts.under.get(String(id)) ?? 0),
    query,
  }
}

/** @param rows in the order of their positions */
function inOrder(rows: readonly CollectionRow[]): CollectionRow[] {
  const ids = new Set(rows.map(({ id }) => id))
  // In a damaged database a parent may be missing.
  const below = Map.groupBy(rows, ({ parent }) =>
    parent !== null && ids.has(parent) ? parent : null,
  )
  const ordered: CollectionRow[] = []
  const pending = below.get(null)?.toReversed() ?? []
  for (let next = pending.pop(); next; next = pending.pop()) {
    ordered.push(next)
    pending.push(...(below.get(next.id)?.toReversed() ?? []))
  }
  return ordered
}
