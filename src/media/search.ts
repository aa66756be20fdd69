import { type RawBuilder, sql } from 'kysely'
import type { Queries } from '../database/tables.ts'
import { parametersInvalid } from '../errors.ts'
import { fold } from '../fold.ts'

/**
 * Search by an index of n-grams that answers exactly, for terms of any length and script, without
 * ever looking at a row. Indexed are the folded name and each folded tag, every one a line of its
 * own, so that no term reaches across them:
 *
 * - each trigram of a line, in sequence: a term of three characters and more is a phrase of them;
 * - each character and each pair of neighbours: a term of one or two characters is one of those.
 *
 * One index holds them all, so that a mix of short and long terms is one merge of sorted lists. Its
 * order is the media id's, so the newest matches come without sorting.
 */

/** Against queries that cost more to answer than to send. */
const MAX_SEARCH_CODE_POINTS = 255
const MAX_TERMS = 16

/**
 * The folded terms of a search; none means that everything matches.
 * @throws AppError 400 "Invalid parameters" over the limits
 */
export function parseSearch(search: string): string[] {
  if (search.trim() !== '') checkSearchLength(search)
  const words = search.split(/\s+/).filter((word) => word !== '')
  if (words.length > MAX_TERMS) {
    throw parametersInvalid(`search has ${words.length} terms; at most ${MAX_TERMS} are allowed.`)
  }
  const terms = new Set(words.map(fold).filter((term) => term !== ''))
  // What a longer term contains is implied by it.
  return [...terms].filter(
    (term) => ![...terms].some((other) => other !== term && other.includes(term)),
  )
}

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
  const grams = mediaGrams(name, tags)
  await sql`INSERT INTO media_search (rowid, grams) VALUES (${id}, ${grams})`.execute(trx)
}

/** What the index holds of an item: its grams in sequence, divided by spaces. */
export const mediaGrams = (name: string, tags: readonly string[]): string =>
  [name, ...tags].map(lineGrams).join(` ${LINE_END} `)

/** Takes an item out of the index. */
export async function unindexMedia(trx: Queries, id: number) {
  await sql`DELETE FROM media_search WHERE rowid = ${id}`.execute(trx)
}

/**
 * A subquery of one column `id`: the media items that match all of the terms.
 * @param terms folded, at least one
 */
export function matchingIds(terms: readonly string[]): RawBuilder<{ id: number }> {
  const match = terms.map((term) => `"${termGrams(writeTokens(term)).join(' ')}"`).join(' AND ')
  return sql`SELECT rowid AS id FROM media_search WHERE media_search MATCH ${match}`
}

/** No folded text holds a fullwidth letter; this one keeps a phrase from reaching across lines. */
const LINE_END = 'Ａ'

function lineGrams(line: string): string {
  const characters = writeTokens(fold(line))
  const short = new Set([...characters, ...ngrams(characters, 2)])
  return [...ngrams(characters, 3), ...short].join(' ')
}

function termGrams(characters: readonly string[]): string[] {
  return ngrams(characters, Math.min(characters.length, 3))
}

function ngrams(characters: readonly string[], n: number): string[] {
  const count = Math.max(0, characters.length - n + 1)
  return Array.from({ length: count }, (_, start) => characters.slice(start, start + n).join(''))
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
