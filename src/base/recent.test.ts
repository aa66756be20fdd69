import { describe, expect, it } from 'vitest'
import { costOf, createRecent } from './recent.ts'

describe('a memory of what was used lately', () => {
  it('is bounded by all bytes, of keys too, whatever is kept in it', () => {
    const memory = createRecent<true>(1_000_000)
    for (let count = 0; count < 1000; count++) memory.set(`${count} ${'x'.repeat(15_000)}`, true, 0)
    expect(memory.total).toBeLessThanOrEqual(1_000_000)
    expect(memory.total).toBeGreaterThan(900_000)
    for (let count = 0; count < 20_000; count++) memory.set(String(count), true, 0)
    expect(memory.total).toBeLessThanOrEqual(1_000_000)
    expect(memory.peek('19999')).toBe(true)
    expect(memory.peek('10')).toBeUndefined()
  })

  it('drops what was not used for longest, for which looking does not count', () => {
    const memory = createRecent<number>(16 * costOf('00', 0))
    const keys = Array.from({ length: 16 }, (_, index) => String(index + 10))
    for (const key of keys) memory.set(key, Number(key), 0)
    expect(memory.get('10')).toBe(10)
    expect(memory.peek('11')).toBe(11)
    memory.set('99', 99, 0)
    expect(memory.get('10')).toBe(10)
    expect(memory.get('11')).toBeUndefined()
  })

  it('counts what is set again, removed or forgotten only once', () => {
    const memory = createRecent<string>(10_000)
    memory.set('a', 'x', 100)
    memory.set('a', 'y', 200)
    expect([memory.get('a'), memory.total]).toEqual(['y', costOf('a', 200)])
    memory.delete('a')
    memory.delete('a')
    expect([memory.get('a'), memory.total]).toEqual([undefined, 0])
    memory.set('b', 'z', 100)
    memory.clear()
    expect([memory.get('b'), memory.total]).toEqual([undefined, 0])
  })
})
