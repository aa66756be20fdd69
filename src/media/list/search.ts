import { type RawBuilder, sql } from 'kysely'
import { parametersInvalid } from '../../base/errors.ts'
import { FOUND_NOWHERE, fold, foldTerm } from '../../base/fold.ts'
import { askWithin } from '../../database/database.ts'
import { buildOnce, isPostgres, listed } from '../../database/engine.ts'
import type { Queries } from '../../database/tables.ts'

/**
 * Search by an index of n-grams that answers exactly, for terms of any length and script. Indexed are
 * the folded name and each folded tag, every one a line of its own, so that no term reaches across
 * them: each character, each pair of neighbours and each trigram of a line.
 *
 * On SQLite one FTS5 index holds the grams in sequence, so that a term of three characters and more
 * is a phrase of trigrams, and a mix of short and long terms is one merge of sorted lists; no row is
 * ever looked at. Its order is the media id's, so the newest matches come without sorting.
 *
 * On PostgreSQL a GIN index holds the grams of each item as a set. A term of up to three characters
 * is one of them; of a longer one all trigrams must be there, and then the lines themselves are
 * looked at.
 */

/** Against queries that cost more to answer than to send. */
const MAX_SEARCH_CODE_POINTS = 255
const MAX_TERMS = 16

/** Not `\s`, which has U+FEFF: nobody sees that, so it divides nothing. */
const WHITE_SPACE = /\p{White_Space}+/u

/**
 * The folded terms of a search; none means that everything matches. A term of which folding leaves
 * nothing to see is found nowhere.
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
  // What a longer term contains is implied by it.
  return [...terms].filter(
    (term) => ![...terms].some((other) => other !== term && other.includes(term)),
  )
}

/** Whether a search asks for nothing, which is everything. */
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

/** Adds an item to the index. */
export async function indexMedia(trx: Queries, id: number, name: string, tags: readonly string[]) {
  const text = isPostgres(trx) ? mediaLines(name, tags) : mediaGrams(name, tags)
  await askWithin(trx)(indexQueries(trx).insert, id, text)
}

/** Takes an item out of the index. */
export async function unindexMedia(trx: Queries, id: number) {
  await askWithin(trx)(indexQueries(trx).delete, id)
}

/** Takes items out of the index. */
export async function unindexItems(trx: Queries, ids: readonly number[]) {
  await askWithin(trx)(indexQueries(trx).deleteAll, JSON.stringify(ids))
}

const indexQueries = buildOnce((db) => {
  const [id, text] = isPostgres(db) ? [sql`id`, sql`lines`] : [sql`rowid`, sql`grams`]
  return {
    insert: sql`INSERT INTO media_search (${id}, ${text}) VALUES (${0}, ${''})`.compile(db),
    delete: sql`DELETE FROM media_search WHERE ${id} = ${0}`.compile(db),
    deleteAll: sql`DELETE FROM media_search WHERE ${id} IN ${listed<number>(db, 'bigint')}`.compile(
      db,
    ),
  }
})

/**
 * What SQLite's index holds of an item: its grams in sequence, divided by spaces.
 * @param known the grams of tags, kept from one item to the next by who indexes many
 */
export function mediaGrams(
  name: string,
  tags: readonly string[],
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
  return grams
}

/** What PostgreSQL's index is made of. No name or tag holds a control character. */
export const mediaLines = (name: string, tags: readonly string[]): string =>
  [name, ...tags].map(fold).join('\n')

/**
 * A subquery of one column `id`: the media items that match all of the terms.
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

/** As a tsquery writes it: https://www.postgresql.org/docs/current/datatype-textsearch.html */
const quoteLexeme = (gram: string) => `'${gram.replace(/['\\]/g, '$&$&')}'`

/** No folded text holds a fullwidth letter; this one keeps a phrase from reaching across lines. */
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

/** N-grams of one character more: to join each from its characters takes several times as long. */
function lengthen(grams: readonly string[], characters: readonly string[]): string[] {
  const n = characters.length - grams.length + 1
  return grams.slice(0, -1).map((gram, start) => `${gram}${characters[start + n]}`)
}

/**
 * The characters of a folded text such that the index's tokenizer, which divides at everything in
 * ASCII that is no letter or digit, takes each for a part of a token: those are written in their
 * fullwidth forms, which no folded text holds.
 */
function writeTokens(folded: string): string[] {
  return Array.from(
    folded.replace(/[^a-z0-9\u0080-\u{10ffff}]/gu, (character) =>
      character === ' ' ? '\u3000' : String.fromCharCode(character.charCodeAt(0) + 0xfee0),
    ),
  )
}
