import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeAnimatedGif } from '../../../test/fixtures.ts'
import { readGif } from './gif.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-gif-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function isCut(bytes: Buffer): Promise<boolean> {
  const path = join(folder, 'image.gif')
  await writeFile(path, bytes)
  return (await readGif(path)).isCutShort
}

it('accepts a complete GIF, also with bytes after it or without its trailer', async () => {
  const gif = await makeAnimatedGif(2)
  expect(await isCut(gif)).toBe(false)
  expect(await isCut(Buffer.concat([gif, Buffer.from('behind')]))).toBe(false)
  expect(await isCut(gif.subarray(0, -1))).toBe(false)
})

it('notices a cut at any byte within a block', async () => {
  const gif = await makeAnimatedGif(2, { width: 8, height: 8 })
  const whole: number[] = []
  for (let length = 1; length < gif.length; length++) {
    if (!(await isCut(gif.subarray(0, length)))) whole.push(length)
  }
  // A cut between two blocks is not noticed.
  const ends = whole.map((length) => gif[length])
  expect(ends.every((next) => next === 0x21 || next === 0x2c || next === 0x3b)).toBe(true)
  expect(whole.length).toBeLessThan(10)
})
