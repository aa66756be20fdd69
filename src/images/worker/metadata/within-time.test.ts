import { describe, expect, it } from 'vitest'
import { limitTime } from './within-time.ts'

describe('work with a limit of time', () => {
  const withinTime = limitTime(50)

  it('returns its result, or throws its error', () => {
    expect(withinTime(() => ({ a: 1 }))).toEqual({ a: 1 })
    expect(() =>
      withinTime(() => {
        throw new TypeError('none')
      }),
    ).toThrow(TypeError)
  })

  it('is ended if it never yields, and other work goes on', () => {
    expect(() =>
      withinTime(() => {
        for (;;);
      }),
    ).toThrow('timed out')
    expect(withinTime(() => 2)).toBe(2)
  })
})
