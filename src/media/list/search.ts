import { type RawBuilder, sql } from 'kysely'
import { parametersInvalid } from '../../base/errors.ts'
import { FOUND_NOWHERE, fold, foldTerm } from '../../base/fold.ts'
import { isPostgres } from '../../database/engine.ts'
import { insertEach } from '../../database/insert-each.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'

/**
 * Search by an index of n-grams. It finds exactly the matches, for terms of any length and script. The folded name,
 * each folded tag and each line of the other texts are lines of their own, so that no term matches across two. The
 * index holds each character, each pair of neighbours and each trigram of a line.
 *
 * On SQLite one FTS5 index holds the grams in sequence. A term of three characters or more is a phrase of
 * trigrams. A search with short and long terms is one merge of sorted lists; no row is read. The index is in
 * the order of the media ids, so the newest matches need no sorting.
 *
 * On PostgreSQL a GIN index holds the grams of each item as a set. A term of up to three characters is one
 * gram. For a longer term all its trigrams must be in the set, and then the lines themselves are compared.
 */

/** Against queries that cost more to answer than to send. */
const MAX_SEARCH_CODE_POINTS = 255
const MAX_TERMS = 16

/** Not `\s`, which includes U+FEFF: that character is invisible, so it separates nothing. */
const WHITE_SPACE = /\p{White_Space}+/u

/**
 * The folded terms of a search; none means that everything matches. A term without a visible character after
 * folding matches nothing.
 * @throws AppError 400 "Invalid parameters" over the limits
 */
export function parseSearch(search: string): string[] {
  const words = search.split(WHITE_SPACE).filter((word) => word !== '')
  if (words.length > 0) checkSearchLength(search)
  if (words.length > MAX_TERMS) {
    throw parametersInvalid(`search has ${words.length} terms; at most ${MAX_TERMS} are allowed.`)
  }
  const terms = new Set(words.map(foldTerm))
  if (terms.has(FOUND_NOWHERE)) return [FOUND_NOWHERE]
  // A term within a longer term is implied by that one.
  return [...terms].filter(
    (term) => ![...terms].some((other) => other !== term && other.includes(term)),
  )
}

/** True if a search is empty or white space, and so matches everything. */
export const isWhiteSpace = (search: string): boolean => !/\P{White_Space}/u.test(search)

/** @throws AppError 400 "Invalid parameters" over the limit */
export function checkSearchLength(search: string): void {
  const length = [...search].length
  if (length > MAX_SEARCH_CODE_POINTS) {
    throw parametersInvalid(
      `search has ${length} characters; at most ${MAX_SEARCH_CODE_POINTS} are allowed.`,
    )
  }
}

/** From this number on, it pays to let SQLite gather more of the search index in memory. */
const MANY_ENTRIES = 1000
/** Rows of one statement on PostgreSQL, which takes them as one JSON text. */
const ROWS_AT_ONCE = 10_000
const MIB = 1024 * 1024

/** The texts of an item that searches look into. */
export interface SearchTexts {
  name: string
  tags: readonly string[]
  file_name: string | null
  alt: string | null
  description: string | null
  credit: string | null
  /** JSON, as in the database. */
  translations: string
}

/**
 * Adds items that the index does not have. On SQLite, every later statement of several rows, on whatever table, makes
 * FTS5 write what it has gathered, and each part that it writes must be merged later.
 */
export async function insertEntries(
  trx: Queries,
  items: readonly (SearchTexts & { id: number })[],
): Promise<void> {
  if (isPostgres(trx)) {
    for (let start = 0; start < items.length; start += ROWS_AT_ONCE) {
      const batch = items.slice(start, start + ROWS_AT_ONCE)
      const entries = batch.map((item) => [item.id, mediaLines(item)])
      await runIn(trx, insertLines, JSON.stringify(entries))
    }
    return
  }
  /** Most tags occur many times. */
  const known = new Map<string, string>()
  const isMany = items.length >= MANY_ENTRIES
  if (isMany) await gatherEntries(trx, 64 * MIB)
  await insertEach(trx, insertGrams.compile(trx).query, items, (item) => [
    item.id,
    mediaGrams(item, known),
  ])
  if (isMany) await gatherEntries(trx, MIB)
}

/** @param entries JSON of `[id, lines]` for each item */
const insertLines = prepare((db, entries: Parameter<string>) =>
  sql`INSERT INTO media_search (id, lines)
    SELECT (entry ->> 0)::bigint, entry ->> 1
    FROM json_array_elements(${entries}::json) AS entry`.compile(db),
)

const insertGrams = prepare((db, id: Parameter<number>, grams: Parameter<string>) =>
  sql`INSERT INTO media_search (rowid, grams) VALUES (${id}, ${grams})`.compile(db),
)

/**
 * Sets how much FTS5 gathers in memory before it writes. The default is 1 MiB. The setting is stored in the
 * database, so a transaction that changes it must set it back.
 */
const gatherEntries = (trx: Queries, bytes: number) =>
  sql`INSERT INTO media_search (media_search, rank) VALUES ('hashsize', ${sql.lit(bytes)})`.execute(
    trx,
  )

/** Takes items out of the index. */
export async function unindexItems(trx: Queries, ids: readonly number[]) {
  await runIn(trx, deleteEntries, JSON.stringify(ids))
}

const deleteEntries = prepare((db, ids: Parameter<string>) =>
  sql`DELETE FROM media_search
    WHERE ${isPostgres(db) ? sql`id` : sql`rowid`} IN ${listed<number>(db, 'bigint', ids)}`.compile(
    db,
  ),
)

/**
 * An item in SQLite's index: its grams in sequence, separated by spaces.
 * @param known the grams of tags, which a caller that indexes many items keeps from one item to the next
 */
export function mediaGrams(
  { name, tags, ...texts }: SearchTexts,
  known = new Map<string, string>(),
): string {
  let grams = lineGrams(name)
  for (const tag of tags) {
    let ofTag = known.get(tag)
    if (ofTag === undefined) {
      ofTag = lineGrams(tag)
      known.set(tag, ofTag)
    }
    grams += ` ${LINE_END} ${ofTag}`
  }
  for (const line of otherLines(texts)) grams += ` ${LINE_END} ${lineGrams(line)}`
  return grams
}

/** An item in PostgreSQL's index: its lines. */
export const mediaLines = ({ name, tags, ...texts }: SearchTexts): string =>
  [name, ...tags, ...otherLines(texts)].map(fold).join('\n')

/** Whether every term occurs in a line of an item, as the index would find it. */
export function matchTexts(item: SearchTexts, terms: readonly string[]): boolean {
  const lines = mediaLines(item)
  // No term holds a line break, so none matches across two lines.
  return terms.every((term) => lines.includes(term))
}

/** The lines of an item besides its name and its tags. */
function otherLines(texts: Omit<SearchTexts, 'name' | 'tags'>): string[] {
  const { file_name, alt, description, credit, translations } = texts
  const all = [file_name, alt, description, credit]
  // Most items have none.
  if (translations !== '{}') all.push(...textsIn(translations))
  return all.flatMap((text) => (text ? text.split(/[\n\t]+/) : []))
}

function textsIn(translations: string): string[] {
  const byLanguage: Record<string, { alt?: string; description?: string }> =
    JSON.parse(translations)
  return Object.values(byLanguage).flatMap(({ alt, description }) =>
    [alt, description].filter((text) => text !== undefined),
  )
}

/**
 * A subquery with one column, `id`: the media items that match all terms.
 * @param terms folded, at least one
 */
export function matchingIds(db: Queries, terms: readonly string[]): RawBuilder<{ id: number }> {
  if (!isPostgres(db)) {
    const match = terms.map((term) => `"${termGrams(writeTokens(term)).join(' ')}"`).join(' AND ')
    return sql`SELECT rowid AS id FROM media_search WHERE media_search MATCH ${match}`
  }
  const grams = new Set(terms.flatMap((term) => termGrams([...term])))
  const long = terms.filter((term) => [...term].length > 3)
  return sql`SELECT id FROM media_search WHERE ${sql.join(
    [
      sql`media_grams(lines) @@ ${[...grams].map(quoteLexeme).join(' & ')}::tsquery`,
      ...long.map((term) => sql`strpos(lines, ${term}) > 0`),
    ],
    sql` AND `,
  )}`
}

/** Quotes a gram for a tsquery: https://www.postgresql.org/docs/current/datatype-textsearch.html */
const quoteLexeme = (gram: string) => `'${gram.replace(/['\\]/g, '$&$&')}'`

/** Keeps a phrase from matching across two lines. No folded text holds a fullwidth letter. */
const LINE_END = 'Ａ'

function lineGrams(line: string): string {
  const characters = writeTokens(fold(line))
  const pairs = lengthen(characters, characters)
  const short = new Set([...characters, ...pairs])
  return [...lengthen(pairs, characters), ...short].join(' ')
}

function termGrams(characters: readonly string[]): readonly string[] {
  const pairs = lengthen(characters, characters)
  return [characters, pairs, lengthen(pairs, characters)].findLast(({ length }) => length > 0) ?? []
}

/** Makes n-grams one character longer. Joining each from its characters takes several times as long. */
function lengthen(grams: readonly string[], characters: readonly string[]): string[] {
  const n = characters.length - grams.length + 1
  return grams.slice(0, -1).map((gram, start) => `${gram}${characters[start + n]}`)
}

/**
 * The characters of a folded text, written so that the index's tokenizer takes each as part of a token. The
 * tokenizer splits at every ASCII character that is no letter or digit. Those characters are written in
 * their fullwidth forms, which no folded text holds.
 */
function writeTokens(folded: string): string[] {
  return Array.from(
    folded.replace(/[^a-z0-9\u0080-\u{10ffff}]/gu, (character) =>
      character === ' ' ? '\u3000' : String.fromCharCode(character.charCodeAt(0) + 0xfee0),
    ),
  )
}
