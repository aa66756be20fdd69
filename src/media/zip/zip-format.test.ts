import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findUnzip } from '../../../test/unzip.ts'
import { writeZip, type ZipEntry } from './zip-format.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vitrine-zip-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const TIME = Date.UTC(2026, 2, 14, 15, 9, 26)

async function* chunks(...parts: (string | Buffer)[]) {
  for (const part of parts) yield Buffer.from(part)
}
const entry = (name: string, ...parts: string[]): ZipEntry => ({
  name,
  time: TIME,
  size: Buffer.byteLength(parts.join('')),
  content: chunks(...parts),
})

const unzip = (...args: string[]) =>
  execFileSync(findUnzip() ?? '', args, {
    cwd: folder,
    encoding: 'utf8',
    env: { TZ: 'UTC', LC_ALL: 'C.UTF-8' },
    maxBuffer: 64 * 1024 * 1024,
  })

async function write(entries: Iterable<ZipEntry> | AsyncIterable<ZipEntry>) {
  writeFileSync(join(folder, 'a.zip'), Buffer.concat(await Array.fromAsync(writeZip(entries))))
}

describe.skipIf(findUnzip() === undefined)('an archive', () => {
  it('holds its entries as they are, with names in any script', async () => {
    await write([
      entry('東京 é.txt', 'one ', 'two'),
      entry('empty', ''),
      entry('last.txt', 'three'),
    ])
    expect(unzip('-tq', 'a.zip')).toContain('No errors detected')
    expect(unzip('-Z1', 'a.zip')).toBe('東京 é.txt\nempty\nlast.txt\n')
    expect(unzip('-p', 'a.zip')).toBe('one twothree')
    const listed = unzip('-Z', '-lT', 'a.zip', 'last.txt')
    expect(listed).toContain('-rw-r--r--')
    expect(listed).toContain('stor')
    expect(listed).toContain('20260314.150926')
  })

  it('may hold no entry', async () => {
    const bytes = Buffer.concat(await Array.fromAsync(writeZip([])))
    expect(bytes).toHaveLength(22)
    expect(bytes.readUInt32LE(0)).toBe(0x06054b50)
  })

  it('may hold more than 65,535 entries', async () => {
    const names = Array.from({ length: 65_600 }, (_, index) => `${index}.txt`)
    await write(names.map((name) => entry(name, name)))
    expect(unzip('-Z1', 'a.zip').trimEnd().split('\n')).toEqual(names)
    expect(unzip('-p', 'a.zip', '65599.txt')).toBe('65599.txt')
  })

  it('may be larger than 4 GiB, with an entry as large', async () => {
    const zeros = Buffer.alloc(16 * 1024 * 1024)
    const count = 257
    const large: ZipEntry = {
      name: 'large',
      time: TIME,
      size: count * zeros.length,
      content: (async function* () {
        for (let index = 0; index < count; index++) yield zeros
      })(),
    }
    // The zeros become a hole in the file.
    const file = await open(join(folder, 'large.zip'), 'w')
    let position = 0
    for await (const bytes of writeZip([entry('first', 'one'), large, entry('last', 'three')])) {
      if (bytes !== zeros) await file.write(bytes, 0, bytes.length, position)
      position += bytes.length
    }
    await file.close()
    expect(unzip('-p', 'large.zip', 'first', 'last')).toBe('onethree')
    expect(unzip('-Z', '-l', 'large.zip', 'large')).toContain(String(large.size))
  }, 60_000)

  it.each([
    ['before 1980', Date.UTC(1975, 0, 1), '19800101.000000'],
    ['after 2107', Date.UTC(2200, 0, 1), '21071231.000000'],
  ])('shows a time %s as the nearest one that it can', async (_, time, shown) => {
    await write([{ ...entry('a', 'b'), time }])
    expect(unzip('-Z', '-lT', 'a.zip', 'a')).toContain(shown)
  })
})

it('fails if a content is not as long as it should be', async () => {
  const wrong = { ...entry('a', 'bc'), size: 3 }
  await expect(Array.fromAsync(writeZip([wrong]))).rejects.toThrow('has 2 bytes')
})
