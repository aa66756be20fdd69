import { expect, it } from 'vitest'
import { createCount } from './progress.ts'

it('never shows a value above the total, even if more things arrive than were counted', () => {
  const count = createCount()
  count.advance()
  expect([count.tell(), count.value(), count.total()]).toEqual(['1', 1, 0])
  count.setTotal(3)
  expect(count.tell()).toBe('1 of 3')
  for (let more = 0; more < 4; more++) count.advance()
  expect([count.tell(), count.value(), count.total()]).toEqual(['5 of 5', 5, 5])
  count.setTotal(7)
  expect(count.tell()).toBe('5 of 7')
})
