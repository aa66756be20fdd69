import { describe, expect, it } from 'vitest'
import { addSaid, fitMetadata, isReveals, isSaid, parseSaid, saidColumns } from './said.ts'

const fitted = (metadata: object) => fitMetadata({ reveals: [], ...metadata })

describe('what a file says', () => {
  it.each<[object, object]>([
    [{}, {}],
    [{ alt: '', description: ' \n ', credit: '\0' }, {}],
    [{ description: ' a\r\nb\tc\u0007 ' }, { description: 'a\nb\tc' }],
    [{ credit: 'a\r\nb\0c' }, { credit: 'a b c' }],
    [{ copyright: 'a\ud800b' }, { copyright: 'a\ufffdb' }],
    [{ alt: 'Cafe\u0301' }, { alt: 'Café' }],
    [{ alt: 'x'.repeat(1000) }, { alt: 'x'.repeat(1000) }],
    [{ alt: 'x'.repeat(1001) }, { alt: `${'x'.repeat(999)}…` }],
    [{ credit: '🌲'.repeat(5000) }, { credit: `${'🌲'.repeat(254)}…` }],
    [{ description: 'y'.repeat(5_000_000) }, { description: `${'y'.repeat(9999)}…` }],
    [{ rating: 5 }, { rating: 5 }],
    [{ rating: 0 }, {}],
    [{ rating: -1 }, {}],
    [{ rating: 6 }, {}],
    [{ rating: 2.5 }, {}],
    [{ takenAt: '2023-02-28T01:02:03+14:00' }, { takenAt: '2023-02-28T01:02:03+14:00' }],
    [{ takenAt: '2023-02-29T01:02:03' }, {}],
    [{ takenAt: '0000-00-00T00:00:00' }, {}],
    [{ takenAt: '2023-02-28T01:02:03+15:00' }, {}],
    [{ focus: { x: 0.123456, y: 1 } }, { focus: { x: 0.12346, y: 1 } }],
    [{ focus: { x: -0.1, y: 1 } }, {}],
    [{ location: { lat: -90, lon: 180 } }, { location: { lat: -90, lon: 180 } }],
    [{ location: { lat: 91, lon: 0 } }, {}],
    [{ location: { lat: '1', lon: 0 } }, {}],
    [
      { keywords: ['a, b', ' B', 'Ä', 'a\u0308', 'x'.repeat(65), '', 'y'.repeat(64)] },
      { keywords: ['a', 'b', 'Ä', 'y'.repeat(64)] },
    ],
    [
      { exif: { make: ' Canon\0 ', iso: 0, fNumber: Number.POSITIVE_INFINITY } },
      { exif: { make: 'Canon' } },
    ],
    [
      { exif: { model: 'm'.repeat(300), secret: 'x', iso: '5' } },
      { exif: { model: `${'m'.repeat(254)}…` } },
    ],
    [{ reveals: ['position'], name: 'x', tags: ['y'] }, {}],
  ])('%#: is made fit for an item', (metadata, said) => {
    expect(fitted(metadata)).toEqual(said)
    const { said: column } = saidColumns({ reveals: [], ...metadata })
    expect(column === null || isSaid(column)).toBe(true)
    expect(parseSaid(column)).toEqual(said)
  })

  it('has at most 64 keywords', () => {
    const keywords = Array.from({ length: 100 }, (_, index) => `k${index}`)
    expect(fitted({ keywords }).keywords).toEqual(keywords.slice(0, 64))
  })

  it('is not known if it could not be read', () => {
    expect(saidColumns(undefined)).toEqual({ said: null, reveals: null })
    expect(saidColumns({ reveals: [] })).toEqual({ said: null, reveals: '' })
    expect(saidColumns({ reveals: ['faces', 'position'] })).toEqual({
      said: null,
      reveals: 'position,faces',
    })
  })

  it.each([
    '',
    'null',
    '[]',
    '{"alt":5}',
    '{"alt":" x"}',
    '{"name":"x"}',
    '{"rating":9}',
    '{"exif":{"a":1}}',
  ])('is not %j in a column', (text) => expect(isSaid(text)).toBe(false))

  it.each([
    ['', true],
    ['position', true],
    ['position,serial,faces', true],
    ['faces,position', false],
    ['all', false],
    [',', false],
  ])('reveals %j: %s', (text, is) => expect(isReveals(text)).toBe(is))
})

describe('a new item', () => {
  const said = {
    alt: 'From the file',
    rating: 4,
    keywords: ['Sea', 'boat'],
    location: { lat: 1, lon: 2 },
  }

  it('gets what its file says where people say nothing', () => {
    expect(addSaid({ tags: ['sea'], members: { rating: 0 } }, said, false)).toEqual({
      tags: ['sea'],
      members: { alt: 'From the file', rating: 0 },
    })
    expect(addSaid({ tags: [], members: { alt: null } }, said, false)).toEqual({
      tags: [],
      members: { alt: null, rating: 4 },
    })
  })

  it('gets the keywords as tags if that is wanted, as far as there is room', () => {
    expect(addSaid({ tags: ['sea'], members: {} }, said, true).tags).toEqual(['sea', 'boat'])
    const many = Array.from({ length: 63 }, (_, index) => `t${index}`)
    expect(addSaid({ tags: many, members: {} }, said, true).tags).toEqual([...many, 'Sea'])
  })
})
