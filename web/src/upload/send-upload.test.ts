import { expect, it } from 'vitest'
import { readRetryAfter } from './send-upload'

const NOW = Date.parse('2026-01-20T18:00:00Z')

it.each([
  ['7', 7],
  ['0', 1],
  ['3600', 120],
  ['Tue, 20 Jan 2026 18:00:30 GMT', 30],
  ['Tue, 20 Jan 2026 17:00:00 GMT', 1],
  ['soon', 5],
])('reads %j as %j seconds', (value, seconds) => {
  expect(readRetryAfter(value, NOW)).toBe(seconds)
})
