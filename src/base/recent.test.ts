import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf, createRecent } from './recent.ts'

describe('a cache of recently used values', () => {
  it('bounds the bytes of values and keys together', () => {
    const memory = createRecent<true>(1_000_000)
    for (let count = 0; count < 1000; count++) memory.set(`${count} ${'x'.repeat(15_000)}`, true, 0)
    expect(memory.total).toBeLessThanOrEqual(1_000_000)
    expect(memory.total).toBeGreaterThan(900_000)
    for (let count = 0; count < 20_000; count++) memory.set(String(count), true, 0)
    expect(memory.total).toBeLessThanOrEqual(1_000_000)
    expect(memory.peek('19999')).toBe(true)
    expect(memory.peek('10')).toBeUndefined()
  })

  it('drops the least recently used value; a peek does not count as a use', () => {
    const memory = createRecent<number>(16 * costOf('00', 0))
    const keys = Array.from({ length: 16 }, (_, index) => String(index + 10))
    for (const key of keys) memory.set(key, Number(key), 0)
    expect(memory.get('10')).toBe(10)
    expect(memory.peek('11')).toBe(11)
    memory.set('99', 99, 0)
    expect(memory.get('10')).toBe(10)
    expect(memory.get('11')).toBeUndefined()
  })

  it('drops values in the order of their last use, whatever is got, set or deleted before', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.constantFrom('get', 'set', 'get', 'set', 'get', 'set', 'delete'), fc.nat(30)),
          { minLength: 100, maxLength: 200 },
        ),
        (steps) => {
          const memory = createRecent<number>(16 * costOf('00', 0))
          let expected: string[] = []
          for (const [step, number] of steps) {
            const key = String(number + 10)
            const isKept = expected.includes(key)
            const others = expected.filter((other) => other !== key)
            if (step === 'get') {
              expect(memory.get(key)).toBe(isKept ? number : undefined)
              if (isKept) expected = [...others, key]
            } else if (step === 'set') {
              memory.set(key, number, 0)
              expected = [...others, key].slice(-16)
            } else {
              memory.delete(key)
              expected = others
            }
            expect(memory.total).toBe(expected.length * costOf('00', 0))
          }
          const all = Array.from({ length: 31 }, (_, number) => String(number + 10))
          expect(all.filter((key) => memory.peek(key) !== undefined)).toEqual([...expected].sort())
        },
      ),
    )
  })

  it('counts a value once, even if it is set again, deleted or cleared', () => {
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
