import { expect, it } from 'vitest'
import { parentsFirst } from './parents-first.ts'

const order = (...pairs: [id: string, parent?: string][]) =>
  parentsFirst(pairs.map(([id, parent]) => ({ id, name: id, parent }))).map(({ id, parent }) =>
    parent === undefined ? id : `${parent}/${id}`,
  )

it('puts each collection after the one that it is below', () => {
  expect(order(['c', 'b'], ['b', 'a'], ['d', 'b'], ['a'])).toEqual(['a', 'a/b', 'b/c', 'b/d'])
})

it('brings to the top what is below nothing that there is, and breaks circles', () => {
  expect(order(['a', 'gone'], ['b', 'c'], ['c', 'b'], ['d', 'd'])).toEqual(['a', 'c', 'c/b', 'd'])
})

it('goes through a long chain', () => {
  const chain = Array.from({ length: 20_000 }, (_, at): [string, string] => [`${at}`, `${at + 1}`])
  expect(order(...chain)).toHaveLength(20_000)
})
