import { describe, expect, it } from 'vitest'
import { type Facet, type FacetSource, facetsOf, shortType } from './facets.ts'

const PLAIN: FacetSource = {
  id: 1,
  tags: '[]',
  alt: null,
  description: null,
  credit: null,
  copyright: null,
  source: null,
  rating: 0,
  focus: null,
  taken_at: null,
  location: null,
  collections: '[]',
  added_by: null,
  trashed_at: null,
  type: 'image/jpeg',
  width: 4,
  height: 3,
  frames: 1,
  color: '#ff0000',
  reveals: null,
}

const ofPlain = [
  'in:library',
  'type:jpeg',
  'orientation:landscape',
  'animated:false',
  'rating:0',
  'color:red',
]

const told = (facets: readonly Facet[]) => facets.map(({ kind, value }) => `${kind}:${value}`)

/** What facets a change brings and takes. */
function compare(change: Partial<FacetSource>, parents: Record<number, number[]> = {}) {
  const facets = told(facetsOf({ ...PLAIN, ...change }, (id) => parents[id]))
  return [
    ...facets.filter((facet) => !ofPlain.includes(facet)),
    ...ofPlain.filter((facet) => !facets.includes(facet)).map((facet) => `not ${facet}`),
  ]
}

describe('the facets of an item', () => {
  it('are these at least', () => {
    expect(told(facetsOf(PLAIN, () => undefined))).toEqual(ofPlain)
  })

  it.each<[string, Partial<FacetSource>, string[]]>([
    ['the trash', { trashed_at: 5 }, ['in:trash', 'not in:library']],
    [
      'tags, whatever their case',
      { tags: '["Red","RED","Straße","é"]' },
      ['tag:red', 'tag:strasse', 'tag:é', 'has:tags'],
    ],
    ['an empty alternative text', { alt: '' }, ['has:alt']],
    [
      'texts',
      { alt: 'a', description: 'b', credit: 'c', copyright: 'd', source: 'e' },
      ['has:alt', 'has:description', 'has:credit', 'has:copyright', 'has:source'],
    ],
    ['a place', { location: '{}', focus: '{}' }, ['has:location', 'has:focus']],
    [
      'what an original reveals',
      { reveals: 'position,faces' },
      ['reveals:position', 'reveals:faces'],
    ],
    ['an original that reveals nothing', { reveals: '' }, []],
    ['a rating', { rating: 4 }, ['has:rating', 'rating:4', 'not rating:0']],
    ['a date', { taken_at: '2020-01-02T03:04:05+01:00' }, ['has:takenAt', 'year:2020']],
    ['a square', { width: 5, height: 5 }, ['orientation:square', 'not orientation:landscape']],
    [
      'a tall image',
      { width: 4, height: 5 },
      ['orientation:portrait', 'not orientation:landscape'],
    ],
    ['an animation', { frames: 2 }, ['animated:true', 'not animated:false']],
    ['another format', { type: 'image/avif' }, ['type:avif', 'not type:jpeg']],
    ['a user', { added_by: 'ann' }, ['addedBy:ann']],
    [
      'a missing file',
      { type: null, width: null, height: null, frames: null, color: null },
      ['not type:jpeg', 'not orientation:landscape', 'not animated:false', 'not color:red'],
    ],
    ['damage', { tags: 'no JSON', collections: '{', color: 'none' }, ['not color:red']],
  ])('for %s', (_, change, facets) => {
    expect(compare(change)).toEqual(facets)
  })

  it('are those of its collections and of all above them', () => {
    const parents = { 1: [], 2: [1], 3: [2, 1], 5: [1] }
    expect(compare({ collections: '[3,5]' }, parents)).toEqual([
      'collection:3',
      'collection:5',
      'under:3',
      'under:2',
      'under:1',
      'under:5',
      'has:collection',
    ])
    expect(compare({ collections: '[9]' }, parents)).toEqual(['has:collection'])
  })
})

it.each([
  ['image/jpeg', 'jpeg'],
  ['image/svg+xml', 'svg'],
  ['image/x-icon', 'icon'],
  ['image/heic', 'heic'],
])('the short name of %s is %s', (type, name) => {
  expect(shortType(type)).toBe(name)
})
