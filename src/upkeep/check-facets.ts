import { sql } from 'kysely'
import { fold } from '../base/fold.ts'
import type { Database } from '../database/database.ts'
import { createPace } from '../database/pace.ts'
import type { Queries } from '../database/tables.ts'
import { type ChunkBits, countChunk, countCommon } from '../media/filter/chunk.ts'
import { readAllAncestors } from '../media/filter/collection-facets.ts'
import {
  deriveChunk,
  findChunk,
  isSame,
  readStoredChunk,
  storeDerivedChunk,
} from '../media/filter/derive-facets.ts'
import { isDerived } from '../media/filter/rebuild.ts'
import { countVersion } from '../media/library.ts'
import { labelAllTags } from '../media/tags.ts'
import type { Check } from './finding.ts'

const MAX_FACETS_NAMED = 5

/** Checks that filters find the right items, and that their counts and the spellings of tags are right. */
export const checkFacets: Check = async function* ({ database }, advance) {
  if (!(await isDerived(database.read))) {
    yield {
      problem: 'What filters and orders are read from has not been built yet.',
      remedy: 'The server builds it when it starts, and so does vitrine doctor --repair.',
    }
    return
  }
  const examine = (each = () => {}) => database.snapshot((trx) => findWrongFacets(trx, each))
  const wrong = await examine(advance)
  if (wrong.length === 0) return
  const named = wrong.slice(0, MAX_FACETS_NAMED)
  if (wrong.length > MAX_FACETS_NAMED) named.push('more')
  yield {
    problem: `Filters find wrong items or count them wrongly: ${named.join(', ')}.`,
    remedy: 'Compares all items with them, and writes anew what is wrong.',
    async repair(library) {
      await repairFacets(library.database)
      const rest = await examine()
      if (rest.length > 0) throw new Error(`it is still wrong: ${rest[0]}.`)
      return { done: 'Wrote anew what was wrong.' }
    },
  }
}

/**
 * Compares all facets with the items.
 * @param db a snapshot of the database
 * @returns names of facets whose items, counts or spelling differ from those of the items: `tag "red"`
 */
export async function findWrongFacets(
  db: Queries,
  advance: () => void = () => {},
): Promise<string[]> {
  const wrong = new Set<string>()
  const counts = new Map<string, { items: number; live: number }>()
  const ancestorsOf = await readAllAncestors(db)
  let rows = 0
  for (let chunk = await findChunk(db, 0); chunk !== undefined; ) {
    const derived = await deriveChunk(db, chunk, ancestorsOf, advance)
    const stored = await readStoredChunk(db, chunk)
    rows += stored.size
    for (const [key, { bits, items, live }] of derived) {
      const sum = counts.get(key) ?? { items: 0, live: 0 }
      counts.set(key, { items: sum.items + items, live: sum.live + live })
      if (!isSame(bits, stored.get(key)?.bits)) wrong.add(key)
    }
    for (const key of stored.keys()) if (!derived.has(key)) wrong.add(key)
    chunk = await findChunk(db, chunk + 1)
  }
  for await (const { kind, value, items, live } of db
    .selectFrom('facets')
    .select(['kind', 'value', 'items', 'live'])
    .stream(1000)) {
    const key = `${kind}:${value}`
    const right = counts.get(key)
    if (items !== right?.items || live !== right.live) wrong.add(key)
    counts.delete(key)
  }
  for (const key of counts.keys()) wrong.add(key)
  for (const value of await findMislabelled(db)) wrong.add(`tag:${value}`)
  const { all } = await db
    .selectFrom('facet_chunks')
    .select((row) => row.fn.countAll<number>().as('all'))
    .executeTakeFirstOrThrow()
  const names = [...wrong].map(nameFacet)
  return all === rows ? names : [...names, 'items that are not there']
}

function nameFacet(key: string): string {
  const end = key.indexOf(':')
  return `${key.slice(0, end)} ${JSON.stringify(key.slice(end + 1))}`
}

/** Finds tags that do not have the most used spelling. `checkTags` finds tags that are missing in the table `tags`. */
async function findMislabelled(db: Queries): Promise<string[]> {
  const { rows } = await sql<{ value: string; label: string; folded: string; best: string }>`
    SELECT value, label, folded, (
      SELECT tag FROM tags WHERE key = facets.value ORDER BY count DESC, tag LIMIT 1
    ) AS best
    FROM facets WHERE kind = 'tag' AND live > 0`.execute(db)
  return rows
    .filter(({ label, folded, best }) => best !== null && (label !== best || folded !== fold(best)))
    .map(({ value }) => value)
}

/**
 * Writes all facets as they follow from the items, one transaction for each chunk of items. A server may run meanwhile.
 * Call it when the table `tags` is right.
 */
async function repairFacets(database: Database): Promise<void> {
  const { database: paced, pause } = createPace(database)
  for (let chunk = await findChunk(database.read, 0); chunk !== undefined; ) {
    const present = chunk
    await paced.write(async (trx) => storeDerivedChunk(trx, present, await readAllAncestors(trx)))
    await pause()
    chunk = await findChunk(database.read, present + 1)
  }
  await paced.write(dropStrays)
  let last: number | undefined = 0
  while (last !== undefined) {
    const after: number = last
    last = await paced.write((trx) => recountFacets(trx, after))
    await pause()
  }
  await paced.write(async (trx) => {
    await labelAllTags(trx)
    await countVersion(trx)
  })
}

/** Deletes chunks without a facet, and those without an item. */
async function dropStrays(trx: Queries): Promise<void> {
  await sql`
    DELETE FROM facet_chunks WHERE facet_id NOT IN (SELECT id FROM facets)
      OR chunk NOT IN (SELECT id >> 12 FROM media)`.execute(trx)
}

/** Facets whose chunks are read at once: a megabyte of chunks for each two million items. */
const RECOUNTED_AT_ONCE = 32

/**
 * Counts the items of some facets anew, and deletes facets without one.
 * @returns the id of the last of them; undefined if none is left
 */
async function recountFacets(trx: Queries, after: number): Promise<number | undefined> {
  const facets = await trx
    .selectFrom('facets')
    .select(['id', 'kind', 'value', 'items', 'live'])
    .where('id', '>', after)
    .orderBy('id')
    .limit(RECOUNTED_AT_ONCE)
    .execute()
  const library = new Map((await readChunks(trx, 'in', 'library')).map((row) => [row.chunk, row]))
  for (const { id, kind, value, ...stored } of facets) {
    let [items, live] = [0, 0]
    for (const { chunk, bits } of await readChunks(trx, kind, value)) {
      items += countChunk(bits)
      live += countCommon(bits, library.get(chunk)?.bits)
    }
    if (items === 0) await trx.deleteFrom('facets').where('id', '=', id).execute()
    else if (items !== stored.items || live !== stored.live) {
      await trx.updateTable('facets').set({ items, live }).where('id', '=', id).execute()
    }
  }
  return facets.at(-1)?.id
}

const readChunks = (
  trx: Queries,
  kind: string,
  value: string,
): Promise<{ chunk: number; bits: ChunkBits }[]> =>
  trx
    .selectFrom('facets')
    .innerJoin('facet_chunks', 'facet_id', 'id')
    .select(['chunk', 'bits'])
    .where('kind', '=', kind)
    .where('value', '=', value)
    .execute()
