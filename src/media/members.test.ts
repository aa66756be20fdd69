import { describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import { patchTranslations, readFileName, readMembers, readPatch } from './members.ts'

function refusal(read: () => unknown): { message: string; detail: string | undefined } {
  try {
    read()
  } catch (error) {
    if (error instanceof AppError) return { message: error.message, detail: error.detail }
    throw error
  }
  throw new Error('Nothing was refused.')
}

describe('members of an item', () => {
  it.each([
    [{}, {}],
    [{ other: 5, alt: undefined }, {}],
    [{ alt: ' a\u0301 ' }, { alt: 'á' }],
    [{ alt: '' }, { alt: '' }],
    [{ alt: null }, { alt: null }],
    [{ description: 'one\r\ntwo\tthree' }, { description: 'one\ntwo\tthree' }],
    [{ credit: '  ' }, { credit: null }],
    [{ alt: 'x'.repeat(1000) }, { alt: 'x'.repeat(1000) }],
    [{ source: '🌲'.repeat(2048) }, { source: '🌲'.repeat(2048) }],
    [{ rating: 5 }, { rating: 5 }],
    [{ rating: null }, { rating: 0 }],
    [{ focus: { y: 1, x: 1 / 3 } }, { focus: { x: 0.33333, y: 1 } }],
    [{ focus: null }, { focus: null }],
    [{ takenAt: '2024-02-29T23:59:59' }, { takenAt: '2024-02-29T23:59:59' }],
    [{ takenAt: '2026-03-14T15:09:26-05:30' }, { takenAt: '2026-03-14T15:09:26-05:30' }],
    [{ takenAt: '0001-01-01T00:00:00Z' }, { takenAt: '0001-01-01T00:00:00Z' }],
    [{ collections: [3, 1, 3] }, { collections: [1, 3] }],
    [{ collections: null }, { collections: [] }],
    [{ translations: null }, { translations: {} }],
    [
      { translations: { 'PT-br': { alt: 'Olá', description: '' }, de: { alt: '' }, fr: {} } },
      { translations: { de: { alt: '' }, 'pt-BR': { alt: 'Olá' } } },
    ],
  ])('%j is read as %j', (given, read) => {
    expect(readMembers(given)).toEqual(read)
  })

  it.each([
    [{ alt: 5 }, 'alt is 5; it must be a string or null.'],
    [{ alt: 'x'.repeat(1001) }, 'at most 1000 are allowed.'],
    [{ description: 'x'.repeat(10_001) }, 'at most 10000 are allowed.'],
    [{ credit: 'a\nb' }, 'holds a control character.'],
    [{ alt: '\ud800' }, 'holds half of a surrogate pair.'],
    [{ rating: '5' }, 'rating is "5"; it must be a whole number from 0 to 5.'],
    [{ rating: 6 }, 'rating is 6;'],
    [{ rating: 2.5 }, 'rating is 2.5;'],
    [{ focus: { x: 0.5 } }, 'focus is {"x":0.5};'],
    [{ focus: { x: 0.5, y: 1.1 } }, 'with numbers from 0 to 1'],
    [{ focus: { x: 0.5, y: 0.5, z: 1 } }, 'focus is'],
    [{ focus: [0, 0] }, 'focus is [0,0];'],
    [{ takenAt: '2026-03-14' }, 'takenAt is "2026-03-14";'],
    [{ takenAt: '2025-02-29T00:00:00' }, 'takenAt is'],
    [{ takenAt: '2026-03-14T24:00:00' }, 'takenAt is'],
    [{ takenAt: '2026-13-01T00:00:00' }, 'takenAt is'],
    [{ takenAt: '0000-01-01T00:00:00' }, 'takenAt is'],
    [{ takenAt: '2026-03-14T15:09:26+15:00' }, 'takenAt is'],
    [{ collections: 5 }, 'collections is 5; it must be an array of ids.'],
    [{ collections: ['1'] }, 'it must be an array of ids.'],
    [{ collections: [0] }, 'it must be an array of ids.'],
    [{ collections: Array.from({ length: 257 }, (_, id) => id + 1) }, 'at most 256 are allowed.'],
    [{ translations: [] }, 'it must be a JSON object.'],
    [{ translations: { 'no language': {} } }, 'it must be a language tag'],
    [{ translations: { de: 'x' } }, 'translations.de is "x"; it must be an object'],
    [{ translations: { de: { name: 'x' } } }, 'translations.de holds "name";'],
    [{ translations: { de: { alt: 'y' }, DE: { alt: 'x' } } }, 'names the language de twice'],
    [{ translations: { de: { alt: 'x'.repeat(1001) } } }, 'translations.de.alt'],
    [
      {
        translations: Object.fromEntries(
          Array.from({ length: 33 }, (_, index) => [
            `a${String.fromCharCode(97 + (index % 26))}-x-${index}`,
            { alt: 'x' },
          ]),
        ),
      },
      'at most 32 are allowed.',
    ],
  ])('%j is refused', (given, detail) => {
    const { message, ...told } = refusal(() => readMembers(given))
    expect(message).toBe('Invalid parameters')
    expect(told.detail).toContain(detail)
  })

  it('that are no texts are JSON in a form', () => {
    const given = { rating: '4', focus: '{"x":0,"y":1}', collections: '[]', alt: '"quoted"' }
    expect(readMembers(given, { isText: true })).toEqual({
      rating: 4,
      focus: { x: 0, y: 1 },
      collections: [],
      alt: '"quoted"',
    })
    expect(refusal(() => readMembers({ rating: 'x' }, { isText: true })).detail).toBe(
      'rating is "x", which is not JSON.',
    )
  })
})

describe('a patch', () => {
  it('clears members by null', () => {
    expect(readPatch({ alt: null, tags: null, rating: null, translations: null })).toEqual({
      alt: null,
      tags: [],
      rating: 0,
      translations: null,
    })
  })

  it.each([
    [[], 'it must be a JSON object.'],
    [null, 'it must be a JSON object.'],
    [{ name: null }, 'name is null;'],
    [{ name: ' ' }, 'name is blank'],
    [{ tags: 5 }, 'tags is 5;'],
    [{ id: 5 }, '"id" is no member that can be changed; those are name, tags, alt'],
    [{ altt: 'x' }, '"altt" is no member'],
    [{ location: null }, '"location" is no member'],
    [JSON.parse('{"__proto__": {}}'), '"__proto__" is no member'],
  ])('%j is refused as invalid', (given, detail) => {
    const { message, ...told } = refusal(() => readPatch(given))
    expect(message).toBe('Invalid parameters')
    expect(told.detail).toContain(detail)
  })

  it('of translations merges each language', () => {
    const present = { de: { alt: 'alt', description: 'lang' }, fr: { alt: 'bref' } }
    expect(
      patchTranslations(present, { DE: { alt: null }, fr: null, it: { alt: 'breve' } }),
    ).toEqual({ de: { description: 'lang' }, it: { alt: 'breve' } })
    expect(patchTranslations(present, {})).toEqual(present)
    expect(patchTranslations(present, null)).toEqual({})
    expect(refusal(() => patchTranslations(present, 'de')).message).toBe('Invalid parameters')
    expect(refusal(() => patchTranslations(present, { de: 5 })).message).toBe('Invalid parameters')
  })
})

it.each([
  ['IMG_1.jpg', 'IMG_1.jpg'],
  ['C:\\fakepath\\a.png', 'a.png'],
  ['../../etc/passwd', 'passwd'],
  ['a\u0000\nb.png', 'a b.png'],
  ['e\u0301.png', 'é.png'],
  ['x'.repeat(300), 'x'.repeat(255)],
  ['', null],
  [' \u0001 ', null],
  [undefined, null],
])('the file name %j is stored as %j', (given, stored) => {
  expect(readFileName(given)).toBe(stored)
})
