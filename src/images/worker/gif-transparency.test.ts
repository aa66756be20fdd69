import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type FrameShape, makeGifOfFrames } from '../../../test/gif-frames.ts'
import { createImages, type Images } from '../images.ts'
import { VARIANTS } from '../recipe.ts'
import { type ImageSettings, imageSettings } from '../settings.ts'
import { readGif } from './gif.ts'
import { findUnusedIndex, withGifTransparency } from './gif-transparency.ts'

const defaults = Object.fromEntries(
  Object.entries(imageSettings).map(([name, { fallback }]) => [name, fallback]),
) as ImageSettings

let images: Images
let folder: string
beforeAll(async () => {
  images = createImages(defaults)
  folder = await mkdtemp(join(tmpdir(), 'vitrine-gif-transparency-'))
})
afterAll(async () => {
  await images.close()
  await rm(folder, { recursive: true })
})

const RED = 1
const BLUE = 2
const whole = { left: 0, top: 0, width: 40, height: 20 }
const small = { left: 4, top: 4, width: 8, height: 8 }

async function save(frames: FrameShape[], options = {}) {
  const path = join(folder, 'original.gif')
  await writeFile(path, makeGifOfFrames(whole, frames, options))
  return path
}

/** Red, green, blue and alpha of one pixel in each frame of `high`, and the frames' delays. */
async function show(path: string, x: number, y: number) {
  const high = await readFile((await images.render(path, folder, VARIANTS.high)).path)
  const { pages = 1, delay } = await sharp(high).metadata()
  const shown: number[][] = []
  for (let page = 0; page < pages; page++) {
    const pixels = await sharp(high, { page }).ensureAlpha().raw().toBuffer()
    shown.push([...pixels.subarray((y * whole.width + x) * 4).subarray(0, 4)])
  }
  return { shown, delay }
}

const isClear = ([, , , alpha]: number[]) => alpha === 0
const isRed = ([red = 0, , blue = 0, alpha]: number[]) => red > 200 && blue < 50 && alpha === 255

it('leaves the area outside the only frame transparent, and takes its colour from the frame', async () => {
  const path = await save([{ ...small, color: RED }])
  const { color, frames, scaled } = await images.process(path, folder)
  expect({ color, frames }).toEqual({ color: '#ff0000', frames: 1 })
  const { channels } = await sharp(scaled.path).metadata()
  expect(channels).toBe(4)
  const { shown } = await show(path, 30, 15)
  expect(shown.map(isClear)).toEqual([true])
  expect((await show(path, 8, 8)).shown.map(isRed)).toEqual([true])
})

it('leaves the area of an opaque frame transparent after it is restored to the background', async () => {
  const path = await save([
    { ...whole, color: RED, disposal: 2 },
    { ...small, color: BLUE, disposal: 2 },
    { ...small, left: 20, color: BLUE },
  ])
  const { shown, delay } = await show(path, 2, 2)
  expect(shown.map(isClear)).toEqual([false, true, true])
  expect(delay).toEqual([80, 80, 80])
  expect((await images.process(path, folder)).frames).toBe(3)
})

it('leaves the area of a first frame transparent after it is restored to the previous state', async () => {
  const path = await save([
    { ...whole, color: RED, disposal: 3 },
    { ...small, color: BLUE },
  ])
  expect((await show(path, 2, 2)).shown.map(isClear)).toEqual([false, true])
})

it.each<[string, FrameShape[]]>([
  ['a frame that covers the whole image', [{ ...whole, color: RED }]],
  [
    'frames that each cover the one before',
    [
      { ...whole, color: RED, disposal: 2 },
      { ...whole, color: BLUE, disposal: 2 },
    ],
  ],
])('uses the file itself if no area is uncovered: %s', async (_, frames) => {
  const path = await save(frames)
  const header = { format: 'gif', width: 40, height: 20, frames: frames.length } as const
  expect(await withGifTransparency({ path, folder, header }, async (given) => given)).toBe(path)
})

it('leaves no copy behind', async () => {
  await images.process(await save([{ ...small, color: RED }]), folder)
  expect(await readdir(folder)).not.toContain('clear.gif')
})

it('finds an unused colour index at any position, and none if all are used', async () => {
  for (const unused of [0, 7, 128, 255, undefined]) {
    const colors = Array.from({ length: 256 }, (__, index) => index).filter((i) => i !== unused)
    // More pixels than codes, so that the table fills up and is cleared.
    const pixels = Buffer.from(Array.from({ length: 9000 }, (__, i) => colors[(i * i) % 251] ?? 0))
    pixels.set(colors, 0)
    const data = { left: 0, top: 0, width: 90, height: 100, pixels }
    const { bytes, frames } = await readGif(await save([data], { colors: 256 }))
    expect(findUnusedIndex(bytes, frames[0]?.dataAt ?? 0)).toBe(unused)
  }
})
