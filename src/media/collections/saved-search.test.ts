import { beforeEach, describe, expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import { AppError } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { add, refusalOf } from './collections.fixture.ts'
import { readSavedQuery } from './saved-search.ts'

const refusal = (query: string) => {
  try {
    return readSavedQuery(query)
  } catch (error) {
    if (error instanceof AppError) return `${error.message}: ${error.detail}`
    throw error
  }
}

describe('the query of a saved search', () => {
  it.each([
    'search=tower',
    'search=%C3%A9t%C3%A9+a&order=name-asc',
    'tag=red,blue&notTag=x&type=png,jpeg&minRating=3',
    'taken=2025..2026-03&color=red&in=trash',
    'collection=none',
    'order=changed-desc',
    'search=&has=alt',
  ])('%s is kept as it is', (text) => {
    expect(readSavedQuery(text)).toEqual({ text, collection: undefined })
    expect(readSavedQuery(`?${text}`).text).toBe(text)
  })

  it('may name a collection', () => {
    expect(readSavedQuery('collection=7&order=collection')).toEqual({
      text: 'collection=7&order=collection',
      collection: 7,
    })
  })

  it.each([
    ['serch=x', /"serch", which is no parameter/],
    ['search=x&limit=5', /"limit"/],
    ['offset=5', /"offset"/],
    ['__proto__=1', /"__proto__"/],
    ['', /at least one parameter/],
    ['?', /at least one parameter/],
    ['search=', /at least one parameter/],
    ['search=x&search=y', /search is given more than once/],
    ['order=x', /order is "x"/],
    ['order=collection', /needs the id of a collection/],
    ['order=collection&collection=none', /needs the id of a collection/],
    ['minWidth=x', /minWidth/],
    [`search=${'x'.repeat(256)}`, /search has 256 characters/],
    [`search=${'x'.repeat(9000)}`, /query has 9007 characters/],
    ['search=a\u0000', /control character/],
    ['search=a\ud800', /surrogate/],
  ])('%s is refused', (query, detail) => {
    expect(refusal(query)).toMatch(/^Invalid parameters: /)
    expect(refusal(query)).toMatch(detail)
  })
})

describe('a saved search', () => {
  let database: Database
  beforeEach(async () => {
    database = await openTemporaryDatabase()
  })

  it('depends on no other saved search, and on no collection that is not there', async () => {
    const collection = await add(database, 'Collection')
    const query = `collection=${collection}`
    const search = await add(database, 'Search', { query })
    expect(await refusalOf(add(database, 'Other', { query: `collection=${search}` }))).toMatch(
      /^400 Invalid parameters: .*saved search itself/,
    )
    expect(await refusalOf(add(database, 'Other', { query: 'collection=77' }))).toMatch(
      /^400 Invalid parameters: .*does not exist/,
    )
  })
})
