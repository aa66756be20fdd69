import { expect, it } from 'vitest'
import { chooseBest } from './choose-best'

const item = {
  id: 1,
  width: 100,
  height: 100,
  size: 1000,
  alt: null,
  description: null,
  credit: null,
  copyright: null,
  source: null,
  rating: 0,
  takenAt: null,
  focus: null,
  tags: [] as string[],
  collections: [] as number[],
}

it.each([
  ['with the most pixels', { width: 101, size: 10 }],
  ['of the largest file among those', { size: 1001, id: 9 }],
  ['with the most texts among those', { alt: 'A wall', id: 9 }],
  ['with a decorative mark, which is a text', { alt: '', id: 9 }],
  ['with the most tags among those', { tags: ['sea'], id: 9 }],
  ['that is the oldest, if all else is the same', {}],
])('the image is kept %s', (_, change) => {
  const best = { ...item, ...change }
  const others = [
    { ...item, id: 5 },
    { ...item, id: 6 },
  ]
  expect(chooseBest([...others, best])).toBe(best.id)
  expect(chooseBest([best, ...others])).toBe(best.id)
})

it('no image is kept of none', () => expect(chooseBest([])).toBe(undefined))
