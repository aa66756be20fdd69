import { describe, expect, it } from 'vitest'
import { readNamePattern } from './name-pattern.ts'

const FACTS = { n: 7, name: 'Tower $& {n}', date: '2026-03-14' }

describe('a pattern of names', () => {
  it.each([
    ['Sea', 'Sea'],
    ['Sea {n}', 'Sea 7'],
    ['{n:3}-{n:1}', '007-7'],
    ['  {date} {name} ', '2026-03-14 Tower $& {n}'],
    ['e\u0301{n}', '\u00e97'],
  ])('%s makes %s', (pattern, name) => {
    expect(readNamePattern(pattern)(FACTS)).toBe(name)
  })

  it('cuts no digit off', () => {
    expect(readNamePattern('{n:2}')({ ...FACTS, n: 12345 })).toBe('12345')
  })

  it.each(['{', 'a}', '{x}', '{n:0}', '{n:10}', '{N}', '{{n}}', 'x'.repeat(256), 'a\u0000'])(
    'is not %j',
    (pattern) => {
      expect(() => readNamePattern(pattern)).toThrow(
        expect.objectContaining({ code: 'parameters-invalid' }),
      )
    },
  )

  it.each(['', '  ', '\u200b'])('is not the blank text %j', (pattern) => {
    expect(() => readNamePattern(pattern)).toThrow(
      expect.objectContaining({ code: 'parameters-missing' }),
    )
  })
})
