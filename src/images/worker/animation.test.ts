import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Options, OutputFormat } from '../address/options.ts'
import { planOf } from '../plan/plan-of.ts'
import { readHeader } from './decode.ts'
import { render } from './render.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-animation-'))
})
afterAll(() => rm(folder, { recursive: true }))

const FRAMES = 4
const [WIDTH, HEIGHT] = [80, 60]
const TIMING = { delay: [40, 80, 120, 160], loop: 2 }

/** Red grows to the right, green to the bottom, and blue with each frame. */
function drawFrame(frame: number): Sharp {
  const data = Buffer.alloc(WIDTH * HEIGHT * 3)
  for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel++) {
    const [x, y] = [pixel % WIDTH, Math.floor(pixel / WIDTH)]
    data.set([x * 3, y * 4, frame * 80], pixel * 3)
  }
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
}

async function join4(): Promise<Sharp> {
  const frames = Array.from({ length: FRAMES }, (_, frame) => drawFrame(frame).png().toBuffer())
  return sharp(await Promise.all(frames), { join: { animated: true } })
}

const ORIGINALS: [string, () => Promise<Buffer>, number][] = [
  ['WebP', async () => (await join4()).webp({ ...TIMING, lossless: true }).toBuffer(), 5],
  ['GIF', async () => (await join4()).gif({ ...TIMING, dither: 0 }).toBuffer(), 8],
]

async function renderBy(image: Buffer, options: Options, format: OutputFormat = 'webp') {
  const path = join(folder, 'original')
  await writeFile(path, image)
  const header = await readHeader(path)
  const plan = planOf({ quality: 95, ...options }, format, { ...header, focus: null })
  const rendered = await render(path, { folder, header, plan })
  expect(rendered).toMatchObject({ width: plan.width, height: plan.height })
  return readFile(rendered.path)
}

/** Checks the pixels of one frame, on average. */
async function expectFrame(image: Buffer, page: number, wanted: Sharp, levels: number) {
  const found = await sharp(image, { page }).raw().toBuffer({ resolveWithObject: true })
  const { data, info } = await wanted.raw().toBuffer({ resolveWithObject: true })
  expect([found.info.width, found.info.height]).toEqual([info.width, info.height])
  let sum = 0
  for (let pixel = 0; pixel < info.width * info.height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = found.data[pixel * found.info.channels + channel] ?? 0
      sum += Math.abs(value - (data[pixel * info.channels + channel] ?? 0))
    }
  }
  expect(sum / (info.width * info.height * 3)).toBeLessThan(levels)
}

/** Options, and what they mean for a frame. */
const CASES: [name: string, Options, (frame: Sharp) => Sharp][] = [
  ['scaled', { width: 40 }, (frame) => frame.resize(40)],
  ['whole', {}, (frame) => frame],
  [
    'in a ratio, by default in the middle',
    { width: 30, ratio: [1, 1] },
    (frame) => frame.resize(30, 30),
  ],
  [
    'at a side',
    { width: 30, ratio: [1, 1], position: 'right' },
    (frame) => frame.resize(30, 30, { position: 'right' }),
  ],
  [
    'cropped',
    { crop: { x: 50, y: 50, width: 50, height: 50 } },
    (frame) => frame.extract({ left: 40, top: 30, width: 40, height: 30 }),
  ],
  [
    'contained',
    { width: 60, height: 60, fit: 'contain', background: '404040' },
    (frame) => frame.resize(60, 60, { fit: 'contain', background: '#404040' }),
  ],
  ['gray', { gray: true }, (frame) => frame.grayscale().toColourspace('srgb')],
  ['turned', { rotate: 90 }, (frame) => frame.rotate(90)],
  ['upside down', { rotate: 180, width: 40 }, (frame) => frame.rotate(180).resize(40)],
  ['mirrored', { flip: 'v' }, (frame) => frame.flip()],
  ['blurred', { blur: 4 }, (frame) => frame.blur(4)],
  [
    'turned and contained',
    { rotate: 270, width: 60, height: 100, fit: 'contain', background: 'ffffff' },
    (frame) => frame.rotate(270).resize(60, 100, { fit: 'contain', background: '#fff' }),
  ],
]

describe.each(ORIGINALS)('an animated %s', (_, make, levels) => {
  let image: Buffer
  beforeAll(async () => {
    image = await make()
  })

  it.each(CASES)('stays an animation in WebP: %s', async (_, options, reference) => {
    const found = await renderBy(image, options)
    expect(await sharp(found).metadata()).toMatchObject({ pages: FRAMES, ...TIMING })
    for (let frame = 0; frame < FRAMES; frame++) {
      await expectFrame(found, frame, reference(drawFrame(frame)), levels)
    }
  })

  it.each<[Options, OutputFormat, number]>([
    [{}, 'png', 0],
    [{ frame: 2 }, 'png', 2],
    [{ frame: 2 }, 'webp', 2],
    [{ frame: 9 }, 'jpg', 3],
    [{ frame: 1, width: 30, ratio: [1, 1], position: 'left', rotate: 90 }, 'png', 1],
  ])('is one frame with %o as %s', async (options, format, frame) => {
    const found = await renderBy(image, options, format)
    expect((await sharp(found).metadata()).pages ?? 1).toBe(1)
    const wanted = drawFrame(frame)
    if (options.width) wanted.rotate(90).resize(30, 30, { position: 'left' })
    await expectFrame(found, 0, wanted, levels)
  })
})
