import { expect, it } from 'vitest'
import type { NamedCollection } from '../media/queries'
import { isWithin, listLines, stepPlace } from './tree'

const make = (id: number, parent: number | null, query: string | null = null) => {
  const name = `c${id}`
  const isSearch = query !== null
  const collection = { id, name, parent, query, isSearch, path: name, folded: name }
  return { ...collection, description: '', cover: null, count: 0, total: 0 } as NamedCollection
}
const all = [
  make(1, null),
  make(2, 1),
  make(3, 2),
  make(4, 1),
  make(5, null, 'lacks=alt'),
  make(6, null),
]
const [first = make(0, null), , , , , last = make(0, null)] = all

it('lists what is below open collections alone, with level and place', () => {
  const shown = (open: number[]) =>
    listLines(all, new Set(open)).map(({ collection: { id }, level, isOpen, place, siblings }) =>
      [id, level, isOpen ?? '-', `${place}/${siblings}`].join(' '),
    )
  expect(shown([])).toEqual(['1 1 false 1/2', '6 1 - 2/2'])
  expect(shown([1])).toEqual(['1 1 true 1/2', '2 2 false 1/2', '4 2 - 2/2', '6 1 - 2/2'])
})

it('finds the place one step away, but none beyond the ends', () => {
  expect(stepPlace(all, first, 1)).toEqual({ parent: null, after: 6 })
  expect(stepPlace(all, last, -1)).toEqual({ parent: null, after: null })
  expect(stepPlace(all, first, -1)).toBeUndefined()
  expect(stepPlace(all, last, 1)).toBeUndefined()
})

it('knows what lies within a collection', () => {
  expect(isWithin(all, 1, 3)).toBe(true)
  expect(isWithin(all, 1, 1)).toBe(true)
  expect(isWithin(all, 3, 1)).toBe(false)
  expect(isWithin(all, 1, null)).toBe(false)
})
