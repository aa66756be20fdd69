import { describe, expect, it } from 'vitest'
import { costOf } from '../base/recent.ts'
import { createObjectCache } from './object-cache.ts'

/** A cache, and the list of keys that it has read. */
function start(maxBytes: number) {
  const reads: string[] = []
  const cache = createObjectCache(async (key, size) => {
    reads.push(key)
    if (key === 'lost') throw new Error('lost')
    return Buffer.alloc(size)
  }, maxBytes)
  return { cache, reads }
}

/** Cost of an object of 100 bytes with a key of five characters. `ROOM` fits 16 of them. */
const COST = costOf('key-0', 100)
const ROOM = 16 * COST

describe('the object cache', () => {
  it('reads an object once for concurrent and later requests', async () => {
    const { cache, reads } = start(ROOM)
    const [one, other] = await Promise.all([cache.read('10-a', 10), cache.read('10-a', 10)])
    expect(one).toBe(other)
    expect(await cache.read('10-a', 10)).toBe(one)
    expect(cache.read('10-a', 10)).toBe(one)
    expect(reads).toEqual(['10-a'])
  })

  it('holds no more than maxBytes, and drops the least recently used objects', async () => {
    const { cache } = start(ROOM)
    const keys = Array.from({ length: 16 }, (_, index) => `1-${index + 100}`)
    for (const key of keys) await cache.read(key, 100)
    expect(cache.bytes).toBe(ROOM)
    expect(cache.read('1-100', 100)).toBeInstanceOf(Buffer)
    await cache.read('2-new', 50)
    expect(cache.bytes).toBe(ROOM - 50)
    expect(cache.read('1-100', 100)).toBeInstanceOf(Buffer)
    expect(cache.read('1-101', 100)).toBeInstanceOf(Promise)
  })

  it('does not keep an object that would displace too many, nor anything without room', async () => {
    const { cache, reads } = start(ROOM)
    for (let count = 0; count < 2; count++) await cache.read('large', 101)
    expect(reads).toHaveLength(2)
    const none = start(0)
    await none.cache.read('1-small', 1)
    expect(none.cache.read('1-small', 1)).toBeInstanceOf(Promise)
    expect(none.cache.bytes).toBe(0)
  })

  it('keeps a readOnce object if it is requested again soon', async () => {
    const { cache, reads } = start(ROOM)
    let once = 0
    const ask = (key: string) =>
      cache.read(key, 100, async () => {
        once++
        return Buffer.alloc(100)
      })
    expect(await ask('key-a')).not.toBe(await ask('key-b'))
    expect([once, reads, cache.bytes]).toEqual([2, [], 0])
    const kept = await ask('key-a')
    expect(await ask('key-a')).toBe(kept)
    expect([once, reads, cache.bytes]).toEqual([2, ['key-a'], COST])
    for (let count = 0; count < 16; count++) await ask(`k-${count + 100}`)
    await ask('key-b')
    expect([once, reads, cache.bytes]).toEqual([19, ['key-a'], COST])
  })

  it('keeps nothing if the read fails', async () => {
    const { cache, reads } = start(ROOM)
    await expect(cache.read('lost', 1)).rejects.toThrow('lost')
    await expect(cache.read('lost', 1)).rejects.toThrow('lost')
    expect(reads).toEqual(['lost', 'lost'])
    expect(cache.bytes).toBe(0)
  })
})
