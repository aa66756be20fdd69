import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type MappingEntry, openMapping } from './mapping.ts'

const HEAD = { source: 'blog', site: 'https://blog.example.com/', library: 'a' }
const FIRST = `${JSON.stringify(HEAD)}\n`
const added = (item: string, id: number): MappingEntry => ({
  item,
  id,
  outcome: 'added',
  name: 'Tower',
  urls: { 'https://blog.example.com/a.jpg': '/media/image/1/high.auto' },
})
const refused = (item: string, reason: string): MappingEntry => ({
  item,
  outcome: 'refused',
  name: 'Plan',
  reason,
  urls: [],
})

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vitrine-mapping-'))
  path = join(folder, 'map.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

const written = () => readFileSync(path, 'utf8')

/** Writes lines as a run does. */
async function write(...entries: readonly MappingEntry[]): Promise<void> {
  const mapping = await openMapping(path, HEAD)
  await Promise.all(entries.map(mapping.write))
  await mapping.close()
}

describe('a mapping', () => {
  it('remembers what moved in and which collections there are', async () => {
    await write(
      added('1', 7),
      { collection: 'c', id: 3, name: 'Trip' },
      refused('2', 'A video.'),
      refused('3', 'A video.'),
    )
    await write(added('3', 9))
    const mapping = await openMapping(path, HEAD)
    expect(['1', '2', '3', '4'].map(mapping.has)).toEqual([true, false, true, false])
    expect([...mapping.collections]).toEqual([['c', 3]])
    const before = written()
    await mapping.write(refused('2', 'A video.'))
    expect(written()).toBe(before)
    await mapping.write(refused('2', 'It is missing.'))
    expect(written()).toBe(`${before}${JSON.stringify(refused('2', 'It is missing.'))}\n`)
    await mapping.close()
    expect(written().startsWith(FIRST)).toBe(true)
  })

  it('goes on after a kill in the middle of any line', async () => {
    await write(added('1', 7), added('2', 8))
    const whole = written()
    for (let length = 0; length < whole.length; length += 1) {
      writeFileSync(path, whole.slice(0, length))
      await write()
      const lines = whole.slice(0, length).split('\n').length - 1
      expect(written()).toBe(
        whole
          .split('\n')
          .slice(0, Math.max(1, lines))
          .map((line) => `${line}\n`)
          .join(''),
      )
    }
  })

  it.each([
    ['text', 'Dear diary'],
    ['lines of text', 'Dear diary,\nhalf a line'],
    ['another JSON', '[1]\n'],
  ])('is not made of another file, and leaves it as it is: %s', async (_, text) => {
    writeFileSync(path, text)
    await expect(openMapping(path, HEAD)).rejects.toThrow(
      /is no mapping: line 1|belongs to nothing/,
    )
    expect(written()).toBe(text)
  })

  it('belongs to one source and one library', async () => {
    await write(added('1', 7))
    const before = written()
    for (const [other, reason] of [
      [{ ...HEAD, source: 'shop' }, 'belongs to blog at https://blog.example.com/, not to shop at'],
      [{ ...HEAD, site: 'https://x.example/' }, 'not to blog at https://x.example/'],
      [{ ...HEAD, library: 'b' }, 'belongs to another library'],
    ] as const) {
      await expect(openMapping(path, other)).rejects.toThrow(reason)
    }
    expect(written()).toBe(before)
    await expect(openMapping(join(folder, 'no/map.jsonl'), HEAD)).rejects.toThrow(
      'cannot be written',
    )
  })
})
