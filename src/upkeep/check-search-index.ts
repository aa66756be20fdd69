import { type RawBuilder, sql } from 'kysely'
import { isPostgres } from '../database/engine.ts'
import type { Queries } from '../database/tables.ts'
import { mediaGrams, mediaLines, type SearchTexts } from '../media/list/search.ts'
import { parseTags } from '../media/tags.ts'
import type { Check } from './finding.ts'
import { rebuildIndex, reindexItems } from './reindex.ts'

/** Ids examined at a time. Each id takes four bytes of memory, and each window one scan of the index. */
const WINDOW = 2 ** 20
const MAX_IDS_NAMED = 20
const CHUNK_ROWS = 1000

/** Checks that the search index holds exactly the grams of each item. */
export const checkSearchIndex: Check = async function* ({ database }, advance) {
  const examine = (each = () => {}) => database.snapshot((trx) => examineIndex(trx, each))
  const { differing, damage } = await examine(advance)
  if (damage === undefined && differing.length === 0) return

  const ids = differing.slice(0, MAX_IDS_NAMED).join(', ')
  const more = differing.length > MAX_IDS_NAMED ? ' and more' : ''
  yield {
    problem:
      damage === undefined
        ? `The search index disagrees with ${differing.length} of the items: ${ids}${more}.`
        : `The search index is damaged: ${damage}.`,
    remedy: 'Builds it anew where it is wrong.',
    async repair(library) {
      if (damage === undefined) {
        await reindexItems(library.database, [differing])
        const { differing: rest, damage } = await examine()
        if (rest.length === 0 && damage === undefined) {
          return { done: `Built it anew for ${differing.length} items.` }
        }
      }
      await rebuildIndex(library.database)
      const after = await examine()
      if (after.damage !== undefined || after.differing.length > 0) {
        const reason = after.damage ?? `${after.differing.length} items differ`
        throw new Error(`it is still wrong after it was built anew (${reason}).`)
      }
      return { done: 'Built it anew for all items.' }
    },
  }
}

interface Examination {
  /** Ids for which the index holds missing, additional or wrong grams. An id need not have an item. */
  differing: number[]
  /** Why the index cannot be read at all. */
  damage?: string
}

/**
 * Compares the whole index with the items. Reads each of them once, in any order. For each id, adds the hashes
 * of the grams that the index should hold, and subtracts the hashes of those that it holds. The sum must be 0.
 * A difference stays undetected with a probability of 1 in 2^32.
 *
 * @param db a snapshot of the database
 */
async function examineIndex(db: Queries, advance: () => void): Promise<Examination> {
  if (isPostgres(db)) return { differing: await compareLines(db, advance) }
  const damage = await findDamage(db)
  if (damage !== undefined) return { differing: [], damage }
  // Every occurrence of every gram: https://sqlite.org/fts5.html#the_fts5vocab_virtual_table_module
  await sql`CREATE VIRTUAL TABLE temp.media_grams USING fts5vocab(main, media_search, instance)`.execute(
    db,
  )
  const differing = await findUnlisted(db)
  for (const start of await findWindows(db)) {
    const sums = new Int32Array(WINDOW)
    const add = (id: number, hash: number) => {
      sums[id - start] = (sums[id - start] ?? 0) + hash
    }
    const end = start + WINDOW
    const items = sql<IndexedRow>`
      SELECT ${INDEXED} FROM media WHERE id >= ${start} AND id < ${end} AND trashed_at IS NULL`
    for await (const { id, ...row } of stream(db, items)) {
      const grams = mediaGrams(textsOf(row)).split(' ').filter(Boolean)
      for (const [offset, gram] of grams.entries()) add(id, hashGram(gram, offset))
      advance()
    }
    const instances = sql<{ doc: number; term: string; offset: number }>`
      SELECT doc, term, offset FROM temp.media_grams WHERE doc >= ${start} AND doc < ${end}`
    for await (const { doc, term, offset } of stream(db, instances)) {
      add(doc, -hashGram(term, offset))
    }
    for (const [index, sum] of sums.entries()) if (sum !== 0) differing.add(start + index)
  }
  return { differing: [...differing].sort((a, b) => a - b) }
}

/** On PostgreSQL: compares the lines in the index with those that should be there. */
async function compareLines(db: Queries, advance: () => void): Promise<number[]> {
  const differing: number[] = []
  const rows = sql<(IndexedRow | { id: null }) & { entry: number | null; lines: string | null }>`
    SELECT live.*, media_search.id AS entry, lines
    FROM (SELECT ${INDEXED} FROM media WHERE trashed_at IS NULL) AS live
    FULL JOIN media_search ON media_search.id = live.id
    ORDER BY coalesce(live.id, media_search.id)`
  for await (const { entry, lines, ...row } of stream(db, rows)) {
    if (row.id === null) differing.push(Number(entry))
    else {
      if (lines !== mediaLines(textsOf(row))) differing.push(row.id)
      advance()
    }
  }
  return differing
}

/** The columns of an item that its entry in the index is made of. */
const INDEXED = sql`id, name, tags, file_name, alt, description, credit, translations`
type IndexedRow = Omit<SearchTexts, 'tags'> & { id: number; tags: string }

const textsOf = ({ tags, ...row }: Omit<IndexedRow, 'id'>): SearchTexts => ({
  ...row,
  tags: parseTags(tags),
})

async function findDamage(db: Queries): Promise<string | undefined> {
  const { rows } = await sql<{ integrity_check: string }>`
    PRAGMA integrity_check(media_search)`.execute(db)
  return rows.map((row) => row.integrity_check).find((fault) => fault !== 'ok')
}

/** Ids of items without an entry in the index, and of entries without an item. */
async function findUnlisted(db: Queries): Promise<Set<number>> {
  const { rows } = await sql<{ id: number }>`
    SELECT id FROM media
    WHERE trashed_at IS NULL AND id NOT IN (SELECT id FROM media_search_docsize)
    UNION ALL
    SELECT id FROM media_search_docsize
    WHERE id NOT IN (SELECT id FROM media WHERE trashed_at IS NULL)`.execute(db)
  return new Set(rows.map(({ id }) => id))
}

/** The first ids of all windows that are not empty. */
async function findWindows(db: Queries): Promise<number[]> {
  const { rows } = await sql<{ start: number }>`
    SELECT id / ${sql.lit(WINDOW)} * ${sql.lit(WINDOW)} AS start FROM media
    UNION SELECT id / ${sql.lit(WINDOW)} * ${sql.lit(WINDOW)} FROM media_search_docsize`.execute(db)
  return rows.map(({ start }) => start)
}

async function* stream<Row>(db: Queries, query: RawBuilder<Row>): AsyncGenerator<Row> {
  const results = db.getExecutor().stream<Row>(query.compile(db), CHUNK_ROWS)
  for await (const { rows } of results) yield* rows
}

/**
 * FNV-1a (RFC 9923) with an initial value from the position, then the final mixing of MurmurHash3. Without that
 * mixing, grams that change places could leave the same sum.
 */
function hashGram(gram: string, offset: number): number {
  let hash = Math.imul(offset + 1, 0x9e3779b1)
  for (let index = 0; index < gram.length; index += 1) {
    hash = Math.imul(hash ^ gram.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
