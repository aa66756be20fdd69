import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { searchTexts } from '../../../test/fill-library.ts'
import { onPostgres } from '../../../test/postgres.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import { AppError } from '../../base/errors.ts'
import { fold } from '../../base/fold.ts'
import { insertEntries, matchingIds, parseSearch, unindexItems } from './search.ts'

interface Entry {
  id: number
  name: string
  tags: string[]
}

/** The contract's definition of a match. */
const matches = ({ name, tags }: Entry, search: string) =>
  search
    .split(/\p{White_Space}+/u)
    .filter((term) => term !== '')
    .map(fold)
    .every(
      (term) => term.trim() !== '' && [name, ...tags].some((text) => fold(text).includes(term)),
    )

async function openIndex(entries: readonly Entry[]) {
  const database = await openTemporaryDatabase()
  await database.write(async (trx) => {
    await insertEntries(
      trx,
      entries.map(({ id, name, tags }) => ({ id, ...searchTexts(name, tags) })),
    )
  })
  const find = async (search: string) => {
    const { rows } = await matchingIds(database.read, parseSearch(search)).execute(database.read)
    return rows.map(({ id }) => id).sort((a, b) => a - b)
  }
  return { database, find }
}

/** Of many scripts: characters that folding changes, removes or keeps, and operators of either engine. */
const ALPHABET = [
  ...'abzßẞİıſØøæŁéÀñｱガガパ゛々東京夜ﾃﾞ漢𠮷𠀀한글각ㄱ',
  ...'ЖёйЯΣσςάΏאבשּׁעالعَرَبِيّةฟ้าที่नमस्तेகொগাდაႠ𐐀𐐨𝒜ǅﬁ①²½Ⅷ',
  ...'0123456789 　.-_\\\'"%*&|!:()<>@#^~🌲👩🏽❤️',
  '\u0301',
  '\u200d',
  '\u3099',
  ' ',
]

const ENTRIES: Entry[] = [
  { id: 1, name: 'Crème Brûlée, "the best" (2024)', tags: ['dessert', 'französisch'] },
  { id: 2, name: '東京タワーの夜景', tags: ['日本', '夜'] },
  { id: 3, name: 'ガーデン', tags: ['庭'] },
  { id: 4, name: 'Москва река', tags: [] },
  { id: 5, name: 'a', tags: ['b', 'c d'] },
  { id: 6, name: '100% *wild* _card_ \\ -minus +plus ^caret ~tilde NEAR(x) AND OR NOT', tags: [] },
  { id: 7, name: '👩‍👩‍👧 family 🌲', tags: ['🌲🌲'] },
  { id: 8, name: 'abc', tags: ['cde', 'abcde'] },
  { id: 9, name: 'ab', tags: ['cd', 'bc'] },
  { id: 10, name: "it's O'Neil; DROP TABLE media--", tags: ["'", '"'] },
  {
    id: 11,
    name: 'Sun\u200bset\u00ad \u2060over ❤\ufe0f',
    tags: ['Rhein\u00adufer', 'd´or', '\u200b'],
  },
]

describe('search', () => {
  it.each([
    ...['creme', 'BRULEE', 'é', '東', '東京', '京タ', 'ワーの夜', '夜', 'か', 'ガ', 'ｶﾞ', 'москв'],
    ...[
      'a',
      'b',
      'ab',
      'abc',
      'abcd',
      'abcde',
      'bcd',
      'cde',
      'a b',
      'abc cde',
      'bc cd',
      'c d',
      'd',
    ],
    ...['"', '""', "'", '*', '%', '_', '\\', '-', '^', '~', '(', ')', '*wild*', 'NEAR(x)', 'AND'],
    ...['not', '🌲', '🌲🌲', '👩', '‍', '2024)', '(2024', '"the best"', 'the be', 'best the', '10'],
    ...[
      'sunset',
      'nse',
      'SUN\u2060SET',
      'set over',
      '❤',
      '❤\ufe0e',
      'rheinufer',
      'rhe\ufeffin',
      'd´or',
    ],
    ...['\u200b', '\u00ad\ufe0f', '\ufeff', '´', '\u3164', 'sunset \u200b', '¨ a', '\u00a0a'],
    ...['100%', "o'neil;", 'DROP TABLE', '--', 'dessert 2024 é', 'zzz', 'a zzz', '夜 東京タワー'],
  ])('finds for %j exactly the items that hold every term', async (search) => {
    const { find } = await openIndex(ENTRIES)
    const expected = ENTRIES.filter((entry) => matches(entry, search)).map(({ id }) => id)
    expect(await find(search)).toEqual(expected)
  })

  it('does not match across the end of a name or tag', async () => {
    const { find } = await openIndex([{ id: 1, name: 'abc', tags: ['bcd', 'def'] }])
    expect(await find('abcd')).toEqual([])
    expect(await find('cdef')).toEqual([])
    expect(await find('bcdef')).toEqual([])
  })

  it('agrees with a look at every row, for hundreds of random items', async () => {
    const random = randomFrom(7)
    const word = () =>
      Array.from({ length: 1 + (random() % 5) }, () => 'abc é東京夜.'[random() % 10]).join('')
    const entries = Array.from({ length: 600 }, (_, index) => ({
      id: index + 1,
      name: word(),
      tags: Array.from({ length: random() % 3 }, word),
    }))
    const { find } = await openIndex(entries)
    for (let round = 0; round < 200; round++) {
      const search = Array.from({ length: 1 + (random() % 2) }, word).join(' ')
      if (search.trim() === '') continue
      const expected = entries.filter((entry) => matches(entry, search.trim())).map(({ id }) => id)
      expect(await find(search), search).toEqual(expected)
    }
  })

  it('agrees with a look at every row, for random items of many scripts and terms of any length', async () => {
    const random = randomFrom(11)
    const pick = () => ALPHABET[random() % ALPHABET.length] ?? ''
    const text = (most: number) =>
      Array.from({ length: 1 + (random() % most) }, pick)
        .join('')
        .replaceAll(/\s+/g, ' ')
        .trim()
    const entries = Array.from({ length: 400 }, (_, index) => ({
      id: index + 1,
      name: text(40) || 'x',
      tags: Array.from({ length: random() % 4 }, () => text(12)).filter(Boolean),
    }))
    const { find } = await openIndex(entries)
    let found = 0
    for (let round = 0; round < 250; round++) {
      // A piece of a stored text, of 1 to 20 characters. It may be cut anywhere.
      const { name, tags } = entries[random() % entries.length] ?? { name: '', tags: [] }
      const characters = [...([name, ...tags][random() % (1 + tags.length)] ?? '')]
      const start = random() % characters.length
      const piece = characters.slice(start, start + 1 + (random() % 20)).join('')
      const search = (round % 3 === 0 ? piece.toUpperCase() : piece).trim()
      if (search.split(/\s+/).length > 16 || parseSearch(search).length === 0) continue
      const expected = entries.filter((entry) => matches(entry, search)).map(({ id }) => id)
      expect(await find(search), JSON.stringify(search)).toEqual(expected)
      found += expected.length
    }
    expect(found).toBeGreaterThan(500)
  })

  it('finds no item that was removed from the index', async () => {
    const { database, find } = await openIndex(ENTRIES)
    await database.write((trx) => unindexItems(trx, [2]))
    for (const search of ['東', '東京', '東京タワー']) expect(await find(search)).toEqual([])
    expect(await find('夜')).toEqual([])
  })

  it('finds nothing, without an error, for characters that no name can hold', async () => {
    const { find } = await openIndex(ENTRIES)
    expect(await find('\u0000')).toEqual([])
    expect(await find('abc\u0000')).toEqual([])
  })

  // Not on PostgreSQL, whose planner decides by the statistics of the data.
  if (!onPostgres) {
    it('reads the index alone, in its own order', async () => {
      const { database } = await openIndex(ENTRIES)
      for (const search of ['a', 'ab', 'abc', 'abc a']) {
        const ids = matchingIds(database.read, parseSearch(search))
        const plan = await sql<{
          detail: string
        }>`EXPLAIN QUERY PLAN SELECT id FROM (${ids}) ORDER BY id DESC LIMIT 50`.execute(
          database.read,
        )
        expect(plan.rows.map(({ detail }) => detail)).toEqual([
          expect.stringMatching(/^SCAN media_search VIRTUAL TABLE INDEX \d+:M1$/),
        ])
      }
    })
  }
})

describe('the terms of a search', () => {
  it('are split at white space of any kind, folded, and returned once', () => {
    expect(parseSearch(' Été\u3000ETE\t東京 ')).toEqual(['ete', '東京'])
  })
  it('match nothing if one of them has no visible character', () => {
    for (const search of ['\u200b', 'garden \u00ad', '\ufeff', '´']) {
      expect(parseSearch(search)).toEqual(parseSearch('\u200b'))
      expect(parseSearch(search)).toHaveLength(1)
    }
  })
  it('leave out a term that another one implies', () => {
    expect(parseSearch('gar garden den')).toEqual(['garden'])
  })
  it('are none if the search is blank', () => {
    expect(parseSearch('')).toEqual([])
    expect(parseSearch(' \u3000')).toEqual([])
    expect(parseSearch(' '.repeat(300))).toEqual([])
  })
  it.each([
    ['more than 255 characters', '東'.repeat(256)],
    ['more than 16 terms', 'a b c d e f g h i j k l m n o p q'],
  ])('are refused with %s', (_, search) => {
    expect(() => parseSearch(search)).toThrow(AppError)
  })
  it('may be as many and as long as the limits say', () => {
    expect(parseSearch('東'.repeat(255))).toHaveLength(1)
    expect(parseSearch('a b c d e f g h i j k l m n o p')).toHaveLength(16)
  })
})

/** Numerical Recipes' linear congruential generator: the same numbers in every run. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 8
  }
}
