import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isKey, newKey, ObjectMissing, type Storage } from './storage.ts'

/**
 * The tests that every driver must pass. The test file of each driver calls this.
 *
 * @param openEmpty opens the driver on an empty place that no other test uses
 */
export function describeStorage(name: string, openEmpty: () => Promise<Storage>): void {
  describe(`storage: ${name}`, () => {
    let storage: Storage
    let folder: string

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'vitrine-storage-'))
      storage = await openEmpty()
    })
    afterEach(async () => {
      await rm(folder, { recursive: true })
    })

    async function writeSource(bytes: Buffer): Promise<string> {
      const path = join(folder, randomBytes(8).toString('hex'))
      await writeFile(path, bytes)
      return path
    }

    async function putBytes(bytes: Buffer, key = newKey('originals', 'jpg')): Promise<string> {
      await storage.put(key, await writeSource(bytes))
      return key
    }

    async function listKeys(): Promise<string[]> {
      const found = await Array.fromAsync(storage.list())
      return found.map(({ key }) => key).sort()
    }

    const destroyed = (stream: Readable) => {
      const closed = new Promise((resolve) => stream.once('close', resolve))
      stream.destroy()
      return closed
    }

    it.each([0, 1, 8192, 1_000_000])('gives back the %i bytes that were put', async (length) => {
      const bytes = randomBytes(length)
      const key = await putBytes(bytes)
      const { size, stream } = await storage.open(key)
      expect(size).toBe(length)
      expect((await buffer(stream)).equals(bytes)).toBe(true)
      expect((await storage.read(key)).equals(bytes)).toBe(true)
      expect(await storage.size(key)).toBe(length)
    })

    it.each([0, 1, 8192])(
      'reads %i bytes into memory of the caller if they fit in it',
      async (length) => {
        const bytes = randomBytes(length)
        const key = await putBytes(bytes)
        for (const room of [length + 1, length, length - 1]) {
          if (room < 0) continue
          const memory = Buffer.alloc(room, 'x')
          expect((await storage.read(key, memory)).equals(bytes)).toBe(true)
        }
        await storage.remove([key])
        await expect(storage.read(key, Buffer.alloc(length))).rejects.toThrow(ObjectMissing)
      },
    )

    it('lends an object as a file that outlives it, if it can do that by itself', async () => {
      const bytes = randomBytes(100_000)
      const key = await putBytes(bytes)
      const path = `${await writeSource(Buffer.of())}-lent`
      await storage.lendTo?.(key, path)
      if (storage.lendTo) {
        // No file is overwritten.
        await expect(storage.lendTo(key, path)).rejects.toThrow()
        await storage.remove([key])
        expect((await readFile(path)).equals(bytes)).toBe(true)
        await expect(storage.lendTo(key, `${path}-2`)).rejects.toThrow(ObjectMissing)
        await rm(path)
      }
    })

    it('leaves the source as it was', async () => {
      const bytes = randomBytes(1000)
      const path = await writeSource(bytes)
      await storage.put(newKey('variants', 'webp'), path)
      expect((await readFile(path)).equals(bytes)).toBe(true)
    })

    it('keeps an object unchanged when its source changes', async () => {
      const path = await writeSource(Buffer.from('before'))
      const key = newKey('originals', 'png')
      await storage.put(key, path)
      await writeFile(path, 'after!')
      expect(String(await storage.read(key))).toBe('before')
    })

    it('keeps an object when its spent source is removed', async () => {
      const bytes = randomBytes(1000)
      const path = await writeSource(bytes)
      const key = newKey('originals', 'png')
      await storage.put(key, path, { isSpent: true })
      expect((await readFile(path)).equals(bytes)).toBe(true)
      await expect(storage.put(key, path, { isSpent: true })).rejects.toThrow()
      await rm(path)
      expect((await storage.read(key)).equals(bytes)).toBe(true)
      await expect(
        storage.put(newKey('originals', 'png'), path, { isSpent: true }),
      ).rejects.toThrow()
      expect(await listKeys()).toEqual([key])
    })

    it('refuses to put a second object of the same key', async () => {
      const key = await putBytes(Buffer.from('first'))
      await expect(putBytes(Buffer.from('second'), key)).rejects.toThrow()
      expect(String(await storage.read(key))).toBe('first')
      expect(await listKeys()).toEqual([key])
    })

    it('keeps exactly one whole object of concurrent puts under one key', async () => {
      const key = newKey('originals', 'jpg')
      const contents = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000))
      const results = await Promise.allSettled(
        contents.map((content) => putBytes(Buffer.from(content), key)),
      )
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const winner = results.findIndex(({ status }) => status === 'fulfilled')
      expect(String(await storage.read(key))).toBe(contents[winner])
      expect(await listKeys()).toEqual([key])
    })

    it('puts and removes many at once', async () => {
      const keys = await Promise.all(
        Array.from({ length: 30 }, (_, index) => putBytes(Buffer.alloc(index))),
      )
      expect(await listKeys()).toEqual([...keys].sort())
      await storage.remove(keys)
      expect(await listKeys()).toEqual([])
    })

    it('leaves nothing when the source cannot be read', async () => {
      const key = newKey('originals', 'jpg')
      await expect(storage.put(key, join(folder, 'absent'))).rejects.toThrow()
      expect(await storage.size(key)).toBeUndefined()
      expect(await listKeys()).toEqual([])
    })

    it.each([
      { start: 0, end: 0 },
      { start: 0, end: 99 },
      { start: 17, end: 42 },
      { start: 99, end: 99 },
      { start: 90, end: 5000 },
    ])('opens the bytes from $start to $end', async (range) => {
      const bytes = randomBytes(100)
      const { size, stream } = await storage.open(await putBytes(bytes), range)
      expect(size).toBe(100)
      expect((await buffer(stream)).equals(bytes.subarray(range.start, range.end + 1))).toBe(true)
    })

    it('opens a range that is larger than a chunk of the stream', async () => {
      const bytes = randomBytes(400_000)
      const key = await putBytes(bytes)
      const { stream } = await storage.open(key, { start: 1000, end: 399_000 })
      expect((await buffer(stream)).equals(bytes.subarray(1000, 399_001))).toBe(true)
    })

    it.each([
      [100, { start: 100, end: 100 }],
      [100, { start: 5, end: 4 }],
      [0, { start: 0, end: 0 }],
    ])('of %i bytes, refuses the range %o', async (length, range) => {
      const key = await putBytes(Buffer.alloc(length))
      await expect(storage.open(key, range)).rejects.toThrow(RangeError)
    })

    it('lets a stream be destroyed unread or half read', async () => {
      const key = await putBytes(randomBytes(1_000_000))
      const unread = await storage.open(key)
      await destroyed(unread.stream)
      const begun = await storage.open(key)
      await new Promise((resolve) => begun.stream.once('data', resolve))
      await destroyed(begun.stream)
      expect(await storage.size(key)).toBe(1_000_000)
    })

    it('says which object is missing', async () => {
      const key = newKey('variants', 'webp')
      await expect(storage.open(key)).rejects.toThrow(ObjectMissing)
      await expect(storage.open(key)).rejects.toMatchObject({ key })
      await expect(storage.read(key)).rejects.toThrow(ObjectMissing)
      expect(await storage.size(key)).toBeUndefined()
    })

    it('removes existing objects, and counts missing ones as removed', async () => {
      const gone = await putBytes(randomBytes(10))
      const kept = await putBytes(randomBytes(10))
      await storage.remove([gone, newKey('variants', 'webp')])
      await storage.remove([gone])
      await storage.remove([])
      await expect(storage.open(gone)).rejects.toThrow(ObjectMissing)
      expect(await listKeys()).toEqual([kept])
    })

    it('unlinks objects at once if the driver can, and removes unlinked ones', async () => {
      const gone = await putBytes(randomBytes(10))
      const kept = await putBytes(randomBytes(10))
      await storage.unlink?.([gone, newKey('variants', 'webp')])
      await storage.unlink?.([gone])
      expect(await listKeys()).toEqual(storage.unlink ? [kept] : [gone, kept].sort())
      await storage.remove([gone])
      expect(await listKeys()).toEqual([kept])
    })

    it('lists every object with its size', async () => {
      expect(await listKeys()).toEqual([])
      const original = await putBytes(Buffer.alloc(3))
      const variant = await putBytes(Buffer.alloc(5), newKey('variants', 'webp'))
      const found = await Array.fromAsync(storage.list())
      expect(found.sort((a, b) => a.size - b.size)).toEqual([
        { key: original, size: 3 },
        { key: variant, size: 5 },
      ])
      expect(found.every(({ key }) => isKey(key))).toBe(true)
    })

    it('sets aside without deleting', async () => {
      const key = await putBytes(randomBytes(10))
      expect(await storage.setAside(key)).toContain(key)
      expect(await listKeys()).toEqual([])
      expect(await storage.size(key)).toBeUndefined()
    })

    it('checks itself, also many times at once', async () => {
      await Promise.all(Array.from({ length: 10 }, () => storage.check()))
      expect(await listKeys()).toEqual([])
    })

    const hex = 'abc'.padEnd(32, '0')
    it.each([
      '',
      '/',
      '..',
      '.check',
      `../originals/abc/${hex}.jpg`,
      `originals/../../abc/${hex}.jpg`,
      `/originals/abc/${hex}.jpg`,
      `originals/abd/${hex}.jpg`,
      `originals/abc/${hex}`,
      `originals/abc/${hex}.jpg.part`,
      `originals/abc/${hex}.jpg\n`,
      `originals/abc/${hex}.j/g`,
      `originals/abc/${hex.toUpperCase()}.jpg`,
      `originals\\abc\\${hex}.jpg`,
      `strays/abc/${hex}.jpg`,
      `originals/abc/${hex}.jp\0`,
    ])('refuses the key %j', async (key) => {
      const path = await writeSource(Buffer.from('x'))
      await expect(storage.put(key, path)).rejects.toThrow('no storage key')
      await expect(storage.open(key)).rejects.toThrow('no storage key')
      await expect(storage.read(key)).rejects.toThrow('no storage key')
      await expect(storage.read(key, Buffer.alloc(1))).rejects.toThrow('no storage key')
      await expect(storage.size(key)).rejects.toThrow('no storage key')
      await expect(storage.remove([key])).rejects.toThrow('no storage key')
      await expect(storage.unlink?.([key]) ?? storage.remove([key])).rejects.toThrow(
        'no storage key',
      )
    })

    it.each(['', '..', '../x', 'originals', 'originals/', 'originals/../../x', '.check', '/etc/x'])(
      'sets nothing aside that is not its own: %j',
      async (listed) => {
        await expect(storage.setAside(listed)).rejects.toThrow('not in storage')
      },
    )
  })
}
