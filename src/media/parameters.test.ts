import { describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import { readListQuery } from './list/list-answers.ts'
import { readName, readTags } from './parameters.ts'

const MISSING = 'Required parameters missing'
const INVALID = 'Invalid parameters'

/** Zero-width characters, soft hyphens, fillers, variation selectors, tags; some with white space. */
const UNSEEN = [
  '\u200b',
  '\u00ad',
  ' \u2060 \ufeff',
  '\u3164',
  '\ufe0f',
  '\u{e0061}',
  '\u180e\u034f',
]

const refusal = (read: () => unknown): AppError => {
  try {
    read()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('It was accepted.')
}

describe('a name', () => {
  it('is trimmed and composed', () => {
    expect(readName(' \u3000Cafe\u0301\n')).toBe('Café')
  })
  it('may have 255 characters, however many UTF-16 units they take', () => {
    expect(readName('🌲'.repeat(255))).toBe('🌲'.repeat(255))
  })
  it.each([
    ...[undefined, null, 5, true, {}, [], ['a'], '', ' ', '\n\t', '\u3000', ...UNSEEN].map((v) => [
      v,
      MISSING,
    ]),
    ...['a'.repeat(256), '🌲'.repeat(256), 'a\u0000', 'a\u0007b', 'a\u0085b', 'a\ud800'].map(
      (v) => [v, INVALID],
    ),
  ])('%j is refused: %s', (value, message) => {
    const error = refusal(() => readName(value))
    expect(error).toMatchObject({ status: 400, message })
    expect(error.detail).toMatch(/^name .*\.$/)
  })
})

describe('tags', () => {
  it.each([
    ['a', ['a']],
    ['a, b ,a,,B', ['a', 'b', 'B']],
    [
      ['b', 'a,c', 'b'],
      ['b', 'a', 'c'],
    ],
    [['Cafe\u0301'], ['Café']],
    [[], []],
    [',', []],
    [' ', []],
    [[' '], []],
    [[''], []],
    [UNSEEN, []],
    [UNSEEN.join(','), []],
    ['red, \u200b ,❤\ufe0f', ['red', '❤\ufe0f']],
    [
      Array.from({ length: 64 }, (_, i) => `tag ${i}`),
      Array.from({ length: 64 }, (_, i) => `tag ${i}`),
    ],
    ['🌲'.repeat(64), ['🌲'.repeat(64)]],
  ])('%j become %j', (value, tags) => {
    expect(readTags(value)).toEqual(tags)
  })
  it.each([
    ...[undefined, null, 5, {}, '', [5], [null], ['a', {}], [['a']]].map((v) => [v, MISSING]),
    [Array.from({ length: 65 }, (_, i) => `tag ${i}`), INVALID],
    ['x'.repeat(65), INVALID],
    [['a\u0000'], INVALID],
    ['\udc00', INVALID],
  ])('%j are refused: %s', (value, message) => {
    const error = refusal(() => readTags(value))
    expect(error).toMatchObject({ status: 400, message })
    expect(error.detail).toMatch(/tag.*\.$/)
  })
})

describe('the parameters of a list', () => {
  it('have defaults if they are absent or empty', () => {
    const defaults = {
      order: 'added-desc',
      limit: Number.MAX_SAFE_INTEGER,
      offset: 0,
      terms: [],
    }
    expect(readListQuery({})).toEqual(defaults)
    expect(readListQuery({ order: '', limit: '', offset: '', search: '' })).toEqual(defaults)
    expect(readListQuery({ search: ' ' })).toEqual(defaults)
  })
  it('are read', () => {
    expect(readListQuery({ order: 'added-asc', limit: '20', offset: '40', search: 'Été' })).toEqual(
      { order: 'added-asc', limit: 20, offset: 40, terms: ['ete'] },
    )
  })
  it.each([
    ...['added', 'ADDED-ASC', '__proto__', 'constructor'].map((v) => ['order', v]),
    ...['0', '-1', '1.5', 'abc', '1e3', '0x10', ' 1', '9007199254740992', '1e400'].map((v) => [
      'limit',
      v,
    ]),
    ...['-1', '1.5', 'abc', '1e400', 'NaN', 'Infinity'].map((v) => ['offset', v]),
    ['search', 'x'.repeat(256)],
    ['search', 'x '.repeat(17)],
    ['order', ['added-asc', 'added-asc']],
    ['limit', ['1', '2']],
    ['search', ['a', 'b']],
  ] as [string, unknown][])('%s=%j is refused, and the detail names it', (name, value) => {
    const error = refusal(() => readListQuery({ [name]: value }))
    expect(error).toMatchObject({ status: 400, message: INVALID })
    expect(error.detail).toMatch(new RegExp(`^${name} .*\\.$`))
  })
})
