import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeAnimatedWebp } from '../../../test/fixtures.ts'
import { type Samples, ssim } from '../../../test/ssim.ts'
import type { Options } from '../address/options.ts'
import { needsIntermediate, servesFrom } from '../intermediate.ts'
import { planOf } from '../plan/plan-of.ts'
import { VARIANTS } from '../recipe.ts'
import { readHeader } from './decode.ts'
import { readIntermediate } from './intermediate.ts'
import { render, renderFromIntermediate, renderWithIntermediate } from './render.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-intermediate-'))
})
afterAll(() => rm(folder, { recursive: true }))

const [WIDTH, HEIGHT] = [3000, 1200]

/** Waves of several lengths with a fine grain, as in photographs; of each kind the same every time. */
function drawWaves(channels: 3 | 4 = 3): Sharp {
  const data = drawn.get(channels) ?? drawPixels(channels)
  drawn.set(channels, data)
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } })
}

const drawn = new Map<3 | 4, Buffer>()

function drawPixels(channels: 3 | 4): Buffer {
  const data = Buffer.alloc(WIDTH * HEIGHT * channels)
  let grain = 1
  for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel++) {
    grain = (Math.imul(grain, 1_664_525) + 1_013_904_223) >>> 0
    const [x, y] = [pixel % WIDTH, Math.floor(pixel / WIDTH)]
    const level = 128 + 60 * Math.sin(x / 40 + y / 90) + 40 * Math.sin((x * y) / 20_000)
    const at = pixel * channels
    data[at] = Math.min(255, Math.max(0, level + (grain >>> 29)))
    data[at + 1] = Math.min(255, Math.max(0, 255 - level))
    data[at + 2] = (x / WIDTH) * 255
    if (channels === 4) data[at + 3] = x > WIDTH / 2 ? 255 : 90
  }
  return data
}

async function prepare(image: Buffer, options: Options) {
  const path = join(folder, 'original')
  await writeFile(path, image)
  const header = await readHeader(path)
  const planFor = (wanted: Options) => planOf(wanted, 'webp', { ...header, focus: null })
  return { path, header, planFor, task: { folder, header, plan: planFor(options) } }
}

async function grayOf(image: Sharp): Promise<Samples> {
  const gray = image.flatten({ background: '#fff' }).toColourspace('b-w').raw()
  const { data, info } = await gray.toBuffer({ resolveWithObject: true })
  return { data, ...info }
}

async function similarity(path: string, reference: Sharp): Promise<number> {
  const found = await grayOf(sharp(await readFile(path)))
  return ssim(found, await grayOf(reference.resize(found.width, found.height, { fit: 'fill' })))
}

describe.each<[string, () => Promise<Buffer>, 3 | 4, number]>([
  ['a PNG', () => drawWaves().png({ compressionLevel: 1 }).toBuffer(), 3, 0.003],
  [
    'a progressive JPEG',
    () => drawWaves().jpeg({ quality: 92, progressive: true }).toBuffer(),
    3,
    0.001,
  ],
  ['a transparent PNG', () => drawWaves(4).png({ compressionLevel: 1 }).toBuffer(), 4, 0.003],
])('the intermediate image of %s', (_, make, channels, loss) => {
  it('gives images as good as the original', async () => {
    const { path, task, planFor } = await prepare(await make(), { width: 400 })
    const { intermediate } = await renderWithIntermediate(path, task)
    if (!intermediate) return expect.fail('should have been made')
    expect(intermediate).toMatchObject({ width: 2560, height: 1024 })
    expect(intermediate.extension).toBe(channels === 3 ? 'jpg' : 'pixels')
    const reference = drawWaves(channels)
    for (const options of [
      { width: 200 },
      { width: 800 },
      { width: 1600 },
      { width: 300, ratio: [1, 1], position: { x: 10, y: 90 } } as const,
    ]) {
      const plan = planFor(options)
      expect(servesFrom(plan, intermediate)).toBe(true)
      const cut = plan.cut ?? { left: 0, top: 0, ...plan.scale }
      const part = sharp(
        await reference
          .clone()
          .resize(plan.scale.width, plan.scale.height, { fit: 'fill' })
          .extract(cut)
          .png({ compressionLevel: 1 })
          .toBuffer(),
      )
      const direct = await render(path, { ...task, plan })
      const best = await similarity(direct.path, part.clone())
      const made = await renderFromIntermediate(intermediate.path, { folder, plan })
      expect(made).toMatchObject({ width: plan.width, height: plan.height })
      expect(await similarity(made.path, part.clone())).toBeGreaterThan(best - loss)
    }
  })
})

it('is made with the first image, which is the same as later ones but for its noise', async () => {
  const { path, task } = await prepare(await drawWaves().png({ compressionLevel: 1 }).toBuffer(), {
    width: 300,
    rotate: 90,
  })
  const first = await renderWithIntermediate(path, task)
  expect(first).toMatchObject({ width: 300, height: 750 })
  const image = sharp(await readFile(first.path))
  if (!first.intermediate) return expect.fail('should have been made')
  const later = await renderFromIntermediate(first.intermediate.path, task)
  // Both have been compressed, each with a loss of its own.
  expect(await similarity(later.path, image)).toBeGreaterThan(0.97)
})

it('does not change the bytes of high, and is not used for it', async () => {
  const { path, task } = await prepare(
    await drawWaves().png({ compressionLevel: 1 }).toBuffer(),
    {},
  )
  const plan = VARIANTS.high
  const alone = await render(path, { ...task, plan })
  const { sha256, intermediate } = await renderWithIntermediate(path, { ...task, plan })
  expect(sha256).toBe(alone.sha256)
  expect(intermediate).toBeDefined()
  expect(servesFrom(plan, { width: 2560, height: 1024 })).toBe(false)
})

it('is upright, in sRGB and without metadata', async () => {
  const stored = drawWaves().withMetadata({ orientation: 6 }).withIccProfile('p3')
  const image = await stored.jpeg({ quality: 92, progressive: true }).toBuffer()
  const { path, task } = await prepare(image, { width: 100 })
  const { intermediate } = await renderWithIntermediate(path, task)
  if (!intermediate) return expect.fail('should have been made')
  const metadata = await sharp(intermediate.path).metadata()
  expect(metadata).toMatchObject({ width: 1024, height: 2560 })
  for (const member of ['exif', 'icc', 'xmp', 'orientation'])
    expect(metadata).not.toHaveProperty(member)
  expect(await similarity(intermediate.path, sharp(image).autoOrient())).toBeGreaterThan(0.97)
})

it('is not made of animations, of small images, or for results that are too large for it', async () => {
  const isMade = async (image: Buffer, options: Options) => {
    const { path, task } = await prepare(image, options)
    return (await renderWithIntermediate(path, task)).intermediate !== undefined
  }
  expect(await isMade(await makeAnimatedWebp(5, { width: 600, height: 400 }), { width: 100 })).toBe(
    false,
  )
  expect(await isMade(await drawWaves().resize(1000).png().toBuffer(), { width: 100 })).toBe(false)
  expect(await isMade(await drawWaves().jpeg().toBuffer(), { width: 100 })).toBe(false)
  expect(
    await isMade(await drawWaves().png({ compressionLevel: 1 }).toBuffer(), { width: 2400 }),
  ).toBe(false)
})

it('is told from the header alone', () => {
  const header = { format: 'png', width: 2000, height: 1500, frames: 1 } as const
  expect(needsIntermediate(header)).toBe(true)
  expect(needsIntermediate({ ...header, height: 1499 })).toBe(false)
  expect(needsIntermediate({ ...header, format: 'avif', width: 1000, height: 1000 })).toBe(true)
  expect(needsIntermediate({ ...header, format: 'jpeg' })).toBe(false)
  expect(needsIntermediate({ ...header, format: 'jpeg', isHeldWhole: true })).toBe(true)
  expect(needsIntermediate({ ...header, format: 'jpeg', width: 6000, height: 4000 })).toBe(true)
  expect(needsIntermediate({ ...header, format: 'webp', frames: 2 })).toBe(false)
})

it('is an error if it is damaged or something else, and opens no other decoder', async () => {
  const { path, task } = await prepare(await drawWaves(4).png({ compressionLevel: 1 }).toBuffer(), {
    width: 100,
  })
  await expect(readIntermediate(path)).rejects.toThrow(/no known form/)
  const { intermediate } = await renderWithIntermediate(path, task)
  if (!intermediate) return expect.fail('should have been made')
  const bytes = await readFile(intermediate.path)
  await writeFile(path, bytes.subarray(0, -100))
  await expect(renderFromIntermediate(path, task)).rejects.toThrow()
  bytes.writeUInt32BE(100, 8)
  await writeFile(path, bytes)
  await expect(renderFromIntermediate(path, task)).rejects.toThrow()
})
