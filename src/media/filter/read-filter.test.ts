import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Query } from '../../http/query-parameters.ts'
import { COLOR_NAMES } from './colors.ts'
import { writeFilter } from './filter.ts'
import { FILTER_PARAMETERS, readFilter } from './read-filter.ts'

const UTC = (...[year, month, day = 1]: [number, number, number?]) => Date.UTC(year, month - 1, day)

describe('a filter', () => {
  it.each<[Query, unknown]>([
    [{ type: 'jpeg' }, { type: ['jpeg'] }],
    [{ type: 'webp,jpeg, png,jpeg' }, { type: ['jpeg', 'png', 'webp'] }],
    [{ type: 'avif,gif,heic,svg,tiff,jxl,bmp' }, expect.anything()],
    [{ tag: 'Sea' }, { tag: ['sea'] }],
    [{ tag: 'Sea, STRASSE ,straße,Cafe\u0301' }, { tag: ['café', 'sea', 'strasse'] }],
    [
      { anyTag: 'b,A', notTag: 'é,E' },
      { anyTag: ['a', 'b'], notTag: ['e', 'é'] },
    ],
    [{ tag: 'a'.repeat(64) }, { tag: ['a'.repeat(64)] }],
    [{ tag: '🌲'.repeat(64) }, { tag: ['🌲'.repeat(64)] }],
    [{ collection: '12' }, { collection: 12 }],
    [{ collection: String(2 ** 53 - 1) }, { collection: 2 ** 53 - 1 }],
    [{ collection: 'none' }, { collection: 'none' }],
    [
      { has: 'takenAt,alt', lacks: 'tags' },
      { has: ['alt', 'takenAt'], lacks: ['tags'] },
    ],
    [
      {
        has: 'alt,description,credit,copyright,source,tags,collection,location,focus,rating,takenAt',
      },
      expect.anything(),
    ],
    [{ orientation: 'portrait' }, { orientation: 'portrait' }],
    [{ animated: 'true' }, { animated: true }],
    [{ animated: 'false' }, { animated: false }],
    [
      { minWidth: '0', maxWidth: '640', minHeight: '5', maxHeight: '5' },
      { minWidth: 0, maxWidth: 640, minHeight: 5, maxHeight: 5 },
    ],
    [
      { minSize: '1', maxSize: '9007199254740991' },
      { minSize: 1, maxSize: 2 ** 47 },
    ],
    [{ minRating: '5' }, { minRating: 5 }],
    [{ minRating: '0' }, { minRating: 0 }],
    [{ added: '2026-03' }, { added: { from: UTC(2026, 3), to: UTC(2026, 4) } }],
    [{ taken: '2025..2026-01-05' }, { taken: { from: UTC(2025, 1), to: UTC(2026, 1, 6) } }],
    [{ addedBy: 'Anna' }, { addedBy: 'Anna' }],
    [{ addedBy: 'auth0|7 ü' }, { addedBy: 'auth0|7 ü' }],
    ...COLOR_NAMES.map((color): [Query, unknown] => [{ color }, { color }]),
    [{ reveals: 'serial,position' }, { reveals: ['position', 'serial'] }],
    [{ in: 'trash' }, { in: 'trash' }],
    [{ in: 'library', color: 'red' }, { color: 'red' }],
    [{ limit: '5', search: 'x', order: 'name-asc', tag: 'a' }, { tag: ['a'] }],
  ])('%j is %j', (query, filter) => {
    expect(readFilter(query)).toStrictEqual(filter)
  })

  it.each([
    {},
    { limit: '10' },
    { in: 'library' },
    Object.fromEntries(FILTER_PARAMETERS.map((name) => [name, ''])),
  ])('does not exist in %j', (query) => {
    expect(readFilter(query)).toBeUndefined()
  })

  it('takes nothing from the prototype of a query', () => {
    expect(readFilter(Object.create({ tag: 'a' }))).toBeUndefined()
  })

  it.each<[Query, string]>([
    [{ type: 'JPEG' }, 'type is "JPEG"; it must be jpeg, png,'],
    [{ type: 'jpeg,image/png' }, 'type is "image/png"'],
    [{ type: 'jpeg,' }, 'type is "jpeg,", with an empty value'],
    [{ tag: ',' }, 'tag is ",", with an empty value'],
    [{ tag: 'a,\u200b,b' }, 'with an empty value'],
    [{ notTag: ' ' }, 'notTag is " "'],
    [{ anyTag: 'a\u0000' }, 'anyTag "a\\u0000" holds a control character'],
    [{ tag: '\ud800' }, 'tag "\\ud800" holds half of a surrogate pair'],
    [{ tag: 'a'.repeat(65) }, 'has 65 characters; at most 64 are allowed'],
    ...['0', '-1', '1.5', 'None', 'null', '9007199254740992', '1,2', ' 1'].map(
      (collection): [Query, string] => [
        { collection },
        `collection is ${JSON.stringify(collection)}; it must be the id of a collection, or none`,
      ],
    ),
    [{ has: 'title' }, 'has is "title"; it must be alt, description,'],
    [{ lacks: 'alt,Tags' }, 'lacks is "Tags"'],
    [{ orientation: 'landscape,portrait' }, 'it must be landscape, portrait or square'],
    [{ animated: 'yes' }, 'animated is "yes"; it must be true or false'],
    [{ animated: '1' }, 'animated is "1"'],
    [{ minWidth: '-1' }, 'minWidth is "-1"; it must be a whole number from 0'],
    [{ maxHeight: '1e3' }, 'maxHeight is "1e3"'],
    [{ minSize: '2MB' }, 'minSize is "2MB"'],
    [{ maxSize: '1.5' }, 'maxSize is "1.5"'],
    [{ maxWidth: '9007199254740993' }, 'maxWidth is "9007199254740993"'],
    [{ minRating: '6' }, 'minRating is "6"; it must be a whole number from 0 to 5'],
    [{ minWidth: '6', maxWidth: '5' }, 'minWidth is 6 and maxWidth is 5; minWidth must not be'],
    [{ minHeight: '6', maxHeight: '5' }, 'minHeight is 6 and maxHeight is 5'],
    [{ minSize: '6', maxSize: '0' }, 'minSize is 6 and maxSize is 0'],
    [{ added: '2026-02-30' }, 'added is "2026-02-30"'],
    [{ taken: '2026..2025' }, 'taken is "2026..2025"'],
    [{ addedBy: 'a\u0000' }, 'addedBy "a\\u0000" holds a control character'],
    [{ addedBy: 'a'.repeat(256) }, 'has 256 characters'],
    [{ color: 'grey' }, 'color is "grey"; it must be red, orange,'],
    [{ color: '#ff0000' }, 'color is "#ff0000"'],
    [{ in: 'bin' }, 'in is "bin"; it must be library or trash'],
    ...FILTER_PARAMETERS.map((name): [Query, string] => [
      { [name]: ['1', '1'] },
      `${name} is given more than once`,
    ]),
  ])('is refused in %j: %s', (query, detail) => {
    expect(() => readFilter(query)).toThrow(
      expect.objectContaining({
        status: 400,
        message: 'Invalid parameters',
        detail: expect.stringContaining(detail),
      }),
    )
  })

  it('has at most 64 values in all', () => {
    const tags = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`)
    const query = (count: number) => ({
      tag: tags(30).join(),
      anyTag: tags(count).join(),
      type: 'jpeg,png',
      minWidth: '1',
      added: '2026',
    })
    expect(readFilter(query(30))).toBeDefined()
    expect(() => readFilter(query(31))).toThrow(
      expect.objectContaining({ status: 400, detail: expect.stringContaining('65 values') }),
    )
  })

  it('has these parameters', () => {
    expect([...FILTER_PARAMETERS].sort()).toEqual(
      [
        ...['type', 'tag', 'anyTag', 'notTag', 'collection', 'has', 'lacks', 'orientation'],
        ...['animated', 'minWidth', 'maxWidth', 'minHeight', 'maxHeight', 'minSize', 'maxSize'],
        ...['minRating', 'added', 'taken', 'addedBy', 'color', 'reveals', 'in'],
      ].sort(),
    )
  })
})

describe('the text of a filter', () => {
  const query = fc.record(
    {
      type: fc.shuffledSubarray(['jpeg', 'png', 'gif'], { minLength: 1 }),
      tag: fc.shuffledSubarray(['a', 'b', 'c"', 'é'], {
        minLength: 1,
      }),
      has: fc.shuffledSubarray(['alt', 'tags'], { minLength: 1 }),
      collection: fc.constantFrom(['1'], ['none']),
      animated: fc.constantFrom(['true'], ['false']),
      minWidth: fc.constantFrom(['1'], ['2']),
      maxWidth: fc.constantFrom(['10'], ['2']),
      taken: fc.constantFrom(['2025'], ['2026']),
      in: fc.constantFrom(['library'], ['trash']),
    },
    { requiredKeys: [] },
  )
  const read = (lists: Record<string, readonly string[]>) =>
    readFilter(Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.join()])))

  it('is the same exactly for filters that mean the same', () => {
    fc.assert(
      fc.property(query, query, (one, other) => {
        const [left, right] = [read(one), read(other)]
        expect(writeFilter(left) === writeFilter(right)).toBe(
          JSON.stringify(left) === JSON.stringify(right),
        )
        const reversed = Object.entries(one).reverse()
        const turned = Object.fromEntries(reversed.map(([name, list]) => [name, list.toReversed()]))
        expect(writeFilter(read(turned))).toBe(writeFilter(left))
      }),
    )
  })

  it('does not depend on the order of members or on absent ones', () => {
    expect(writeFilter({ color: 'red', animated: true })).toBe(
      writeFilter({ animated: true, color: 'red' }),
    )
    expect(writeFilter(readFilter({ tag: 'B,a', in: 'library' }))).toBe('[["tag",["a","b"]]]')
  })

  it('is empty without a filter', () => {
    expect(writeFilter(undefined)).toBe('')
  })
})
