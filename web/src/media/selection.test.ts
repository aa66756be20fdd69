import { expect, it } from 'vitest'
import {
  countSelected,
  isSelected,
  type NamedItem,
  NOTHING,
  type Selection,
  toggleItem,
  withItems,
} from './selection'

const item = (id: number): NamedItem => ({ id, name: `Image ${id}` })
const all = (total: number): Selection => ({
  kind: 'all',
  search: 'x',
  filters: 'type=png',
  until: 100,
  total,
  except: new Map(),
})

it('of single items contains each added item once, without those toggled again', () => {
  const three = withItems(NOTHING, [item(1), item(2), item(3), item(2)])
  expect(countSelected(three)).toBe(3)
  const two = toggleItem(three, item(2))
  expect([1, 2, 3].map((id) => isSelected(two, id))).toEqual([true, false, true])
  expect(countSelected(toggleItem(two, item(2)))).toBe(3)
  // The original selection is unchanged.
  expect(countSelected(three)).toBe(3)
  expect(countSelected(NOTHING)).toBe(0)
})

it('of all matches counts the items of that moment, and none added later', () => {
  const selection = all(40)
  expect(countSelected(selection)).toBe(40)
  expect(isSelected(selection, 100)).toBe(true)
  expect(isSelected(selection, 101)).toBe(false)
})

it('of all matches remembers excluded items until they are added again', () => {
  const most = toggleItem(toggleItem(all(40), item(7)), item(8))
  expect(countSelected(most)).toBe(38)
  expect([6, 7, 8].map((id) => isSelected(most, id))).toEqual([true, false, false])
  expect(countSelected(withItems(most, [item(7), item(9)]))).toBe(39)
  expect(countSelected(toggleItem(most, item(8)))).toBe(39)
})

it('of all matches becomes empty when the last item is excluded', () => {
  expect(toggleItem(toggleItem(all(2), item(1)), item(2))).toBe(NOTHING)
})
