import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { thumbHashToAverageRGBA } from 'thumbhash'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findExiftool, startExiftool } from '../../test/exiftool.ts'
import {
  appendZip,
  cutShort,
  makeAnimatedAvifHeader,
  makeAnimatedGif,
  makeAnimatedPng,
  makeAnimatedWebp,
  makeAvif,
  makeBmp,
  makeClaimingPng,
  makeCmykJpeg,
  makeDeepPng,
  makeGif,
  makeGifBomb,
  makeHeicHeader,
  makeHtml,
  makeJpeg,
  makePhonePhoto,
  makePng,
  makeProgressiveJpeg,
  makeSlowGif,
  makeTiff,
  makeTiffOfPages,
  makeTransparentPng,
  makeWebp,
  readFixture,
  spoilEnd,
} from '../../test/fixtures.ts'
import { AppError } from '../base/errors.ts'
import { createImages, type Images, isRefusal, PRIORITY } from './images.ts'
import { VARIANTS } from './recipe.ts'
import { type ImageSettings, imageSettings } from './settings.ts'
import {
  iccp,
  makeAvifWith,
  makeDeepPngWith,
  makeGrayAvif,
  makeGrayProfile,
} from './worker/colour/colour.fixture.ts'

const defaults = Object.fromEntries(
  Object.entries(imageSettings).map(([name, { fallback }]) => [name, fallback]),
) as ImageSettings

const unlimited = { maxImagePixels: Number.MAX_SAFE_INTEGER, maxImageFrames: 1_000_000 }

let images: Images
let folder: string

beforeAll(() => {
  images = createImages(defaults)
})
afterAll(() => images.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-images-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function save(bytes: Buffer, name = 'original'): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

const add = async (bytes: Buffer, from = images) => from.process(await save(bytes), folder)
const enlarge = async (bytes: Buffer, from = images) =>
  from.render(await save(bytes), folder, VARIANTS.high)

async function errorOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => expect.fail('should have been refused'),
    (reason) => reason,
  )
  if (!(error instanceof AppError)) throw error
  return error
}

/** Runs with its own settings, and checks that no worker is left. */
async function withImages(settings: Partial<ImageSettings>, run: (own: Images) => Promise<void>) {
  const own = createImages({ ...defaults, ...settings })
  try {
    await run(own)
  } finally {
    await own.close()
  }
  expect(own.workers).toBe(0)
}

/** The channels of one pixel. */
async function colorAt(path: string, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true })
  const at = (y * info.width + x) * info.channels
  return [...data.subarray(at, at + info.channels)]
}

const isReddish = ([red = 0, , blue = 0]: number[]) => red > blue + 50
const isBluish = ([red = 0, , blue = 0]: number[]) => blue > red + 50

/** Names of the chunks of a WebP file, including the chunks of its frames. */
function listChunks(webp: Buffer): string[] {
  const names: string[] = []
  for (let at = 12; at < webp.length; ) {
    names.push(webp.toString('latin1', at, at + 4))
    const size = webp.readUInt32LE(at + 4)
    at += 8 + size + (size % 2)
  }
  return names
}

describe('an image with a profile for gray', () => {
  it.for([
    ['a PNG of 16 bits', async () => makeDeepPngWith([128 * 257], iccp(makeGrayProfile()))],
    ['an AVIF', async () => makeGrayAvif()],
  ] as const)('%s is converted by the profile', async ([, make]) => {
    const { color } = await add(await make())
    const shades = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
    for (const shade of shades) expect(Math.abs(shade - 188)).toBeLessThanOrEqual(3)
  })
})

it('an AVIF with a box of an impossible size is accepted or refused, and causes no server fault', async () => {
  const avif = await makeAvifWith([200, 30, 30], 12, 13)
  const endless = Buffer.from('0000000166726565ffffffffffffffff', 'hex')
  const at = avif.readUInt32BE(0)
  const bytes = Buffer.concat([avif.subarray(0, at), endless, avif.subarray(at)])
  const outcome = await add(bytes).catch((reason) => reason)
  expect(outcome instanceof Error ? isRefusal(outcome) : outcome.type).toBeTruthy()
})

describe('process', () => {
  it.each([
    ['JPEG', makeJpeg, { type: 'image/jpeg', extension: 'jpg', frames: 1 }],
    ['progressive JPEG', makeProgressiveJpeg, { type: 'image/jpeg', extension: 'jpg', frames: 1 }],
    ['CMYK JPEG', makeCmykJpeg, { type: 'image/jpeg', extension: 'jpg', frames: 1 }],
    ['PNG', makePng, { type: 'image/png', extension: 'png', frames: 1 }],
    ['transparent PNG', makeTransparentPng, { type: 'image/png', extension: 'png', frames: 1 }],
    ['16-bit PNG', makeDeepPng, { type: 'image/png', extension: 'png', frames: 1 }],
    ['WebP', makeWebp, { type: 'image/webp', extension: 'webp', frames: 1 }],
    ['GIF', makeGif, { type: 'image/gif', extension: 'gif', frames: 1 }],
    ['AVIF', makeAvif, { type: 'image/avif', extension: 'avif', frames: 1 }],
    ['TIFF', makeTiff, { type: 'image/tiff', extension: 'tif', frames: 1 }],
    ['BMP', makeBmp, { type: 'image/bmp', extension: 'bmp', frames: 1 }],
    ['animated PNG', () => makeAnimatedPng(5), { type: 'image/png', extension: 'png', frames: 5 }],
    ['animated GIF', makeAnimatedGif, { type: 'image/gif', extension: 'gif', frames: 5 }],
    ['animated WebP', makeAnimatedWebp, { type: 'image/webp', extension: 'webp', frames: 5 }],
  ])('accepts a %s', async (_, make, expected) => {
    const { scaled, thumbhash, color, ...rest } = await add(await make())

    const metadata = { reveals: [] }
    expect(rest).toEqual({ ...expected, width: 64, height: 48, metadata })
    const bytes = await readFile(scaled.path)
    expect(scaled).toEqual({
      path: join(folder, 'scaled.webp'),
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      width: 64,
      height: 48,
    })
    expect(await sharp(scaled.path).metadata()).toMatchObject({ format: 'webp', width: 64 })
    expect(isReddish(await colorAt(scaled.path, 8, 8))).toBe(true)
    expect(isBluish(await colorAt(scaled.path, 56, 8))).toBe(true)
    expect(color).toMatch(/^#[0-9a-f]{6}$/)
    const { r, g, b } = thumbHashToAverageRGBA(Buffer.from(thumbhash, 'base64'))
    expect(Math.abs(r - b)).toBeLessThan(0.3)
    expect(g).toBeLessThan(0.3)
  })

  it('accepts a TIFF of two pages, and says that it shows one', async () => {
    expect(await add(await makeTiffOfPages())).toMatchObject({
      type: 'image/tiff',
      frames: 1,
      metadata: { reveals: [], unshown: 1 },
    })
  })

  it.skipIf(!findExiftool()).each(['quarters.heic', 'quarters.jxl', 'tiff'])(
    'says what %s says, also without its pixels',
    async (name) => {
      const path = await save(name === 'tiff' ? await makeTiff() : readFixture(name))
      const exiftool = startExiftool()
      await exiftool.write(path, ['-XMP-dc:Description=A tower', '-EXIF:Make=Acme'])
      await exiftool.stop()
      const { metadata } = await images.process(path, folder)
      expect(metadata).toMatchObject({ description: 'A tower', exif: { make: 'Acme' } })
      expect(await images.readMetadata(path)).toEqual(metadata)
    },
  )

  it('shows a photograph upright and keeps none of its metadata', async () => {
    const { width, height, scaled } = await add(await makePhonePhoto({ width: 800, height: 600 }))

    expect({ width, height }).toEqual({ width: 600, height: 800 })
    expect(scaled).toMatchObject({ width: 300, height: 400 })
    // The left side of the stored pixels is on top.
    expect(isReddish(await colorAt(scaled.path, 150, 20))).toBe(true)
    expect(isBluish(await colorAt(scaled.path, 150, 380))).toBe(true)
    expect(listChunks(await readFile(scaled.path))).toEqual(['VP8 '])
  })

  it('keeps transparency', async () => {
    const { scaled } = await add(await makeTransparentPng())
    expect(await colorAt(scaled.path, 8, 8)).toHaveLength(4)
    expect((await colorAt(scaled.path, 8, 40))[3]).toBe(64)
  })

  it('converts deep colours with a profile to sRGB', async () => {
    const flat = sharp({ create: { width: 16, height: 16, channels: 3, background: '#c8283c' } })
    const deep = await flat.toColourspace('rgb16').withIccProfile('p3').png().toBuffer()
    const { color } = await add(deep)
    // Within rounding. Without the conversion, the Display P3 values would give #b73840.
    expect(color).toMatch(/^#c[78]2[789]3[bcd]$/)
  })

  it.each([
    ['wide', 3000, 2],
    ['tall', 1, 2000],
  ])('scales a very %s image', async (_, width, height) => {
    const { scaled } = await add(await makePng({ width, height }))
    expect(Math.max(scaled.width, scaled.height)).toBe(400)
    expect(Math.min(scaled.width, scaled.height)).toBe(1)
  })

  it('accepts a JPEG with stray bytes between its segments, as some cameras write them', async () => {
    const jpeg = await makeJpeg()
    const at = jpeg.indexOf(Buffer.from([0xff, 0xdb]))
    const stray = Buffer.concat([jpeg.subarray(0, at), Buffer.alloc(4), jpeg.subarray(at)])
    expect(await add(stray)).toMatchObject({ type: 'image/jpeg' })
  })

  it('keeps only the image of a file that is also an archive', async () => {
    const { scaled } = await add(appendZip(await makeJpeg()))
    expect((await readFile(scaled.path)).includes('PK\x05\x06')).toBe(false)
  })

  it.each<[string, () => Buffer | Promise<Buffer>, RegExp]>([
    ['empty file', () => Buffer.alloc(0), /empty/],
    [
      'text',
      () => Buffer.from('Grüße, just a note\n'),
      /plain text \(text\/plain\); JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF, SVG, JPEG XL and BMP images/,
    ],
    ['HTML', makeHtml, /text\/html/],
    ['HEIC', makeHeicHeader, /HEIC image is damaged/],
    ['animated AVIF', makeAnimatedAvifHeader, /AVIF image is damaged/],
    ['PDF', () => Buffer.from('%PDF-1.7\n%\xff\xff\n', 'latin1'), /application\/pdf/],
    ['random bytes', () => Buffer.from('00ff13fe8899aabb00', 'hex'), /no known format/],
    ['PNG that claims a size', () => makeClaimingPng(60_000, 32), /PNG image (cannot|is damaged)/],
    [
      'PNG that is very wide',
      () => makeClaimingPng(3_000_000, 33),
      /3000000 pixels wide; at most 65535/,
    ],
    [
      'PNG that is very high',
      () => makeClaimingPng(33, 999_999),
      /999999 pixels high; at most 65535/,
    ],
    [
      'PNG that claims gigapixels',
      () => makeClaimingPng(60_000, 60_000),
      /60000 x 60000.*100000000/,
    ],
    ['animation of very many frames', makeGifBomb, /40000 frames; at most 1000/],
  ])('refuses %s and says why', async (_, make, detail) => {
    const error = await errorOf(add(await make()))
    expect(error).toMatchObject({
      code: 'image-refused',
      status: 500,
      message: 'Error adding media',
    })
    expect(error.detail).toMatch(detail)
    expect(error.detail).not.toContain(folder)
    expect(await readdir(folder)).toEqual(['original'])
  })

  const large = { width: 300, height: 200 }
  it.each<[string, () => Promise<Buffer>]>([
    ['JPEG', () => makeJpeg(large)],
    ['progressive JPEG', () => makeProgressiveJpeg(large)],
    ['PNG', () => makePng(large)],
    ['WebP', () => makeWebp(large)],
    ['GIF', () => makeGif(large)],
    ['AVIF', () => makeAvif(large)],
    ['animated GIF', () => makeAnimatedGif(5, large)],
    ['animated WebP', () => makeAnimatedWebp(5, large)],
    ['animated PNG', () => makeAnimatedPng(5, large)],
  ])('refuses a %s that is cut short anywhere', async (name, make) => {
    const whole = await make()
    const still = name.replace(/^\w+ed /, '').replace('progressive ', '')
    for (const length of [whole.length >> 3, whole.length >> 1, whole.length - 60]) {
      const { detail } = await errorOf(add(whole.subarray(0, length)))
      expect(detail).toMatch(
        new RegExp(`The (animated )?${still} (image )?.*damaged(,| or) cut short`),
      )
    }
  })

  it.each([
    ['JPEG', makeJpeg],
    ['progressive JPEG', makeProgressiveJpeg],
  ])('refuses a %s whose last lines are spoilt', async (_, make) => {
    const jpeg = await make({ width: 1600, height: 1200 })
    const { detail } = await errorOf(add(spoilEnd(jpeg)))
    expect(detail).toMatch(/JPEG image is damaged/)
  })

  describe.each([
    ['JPEG', makeJpeg],
    ['progressive JPEG', makeProgressiveJpeg],
  ])('of a %s', (_, make) => {
    const withEnd = (jpeg: Buffer) => Buffer.concat([jpeg, Buffer.from([0xff, 0xd9])])

    it('accepts a file that lacks only the end marker, and renders the same image', async () => {
      const jpeg = await make({ width: 500, height: 300 })
      const { sha256 } = (await add(jpeg)).scaled
      for (const lacking of [1, 2]) {
        const bytes = jpeg.subarray(0, -lacking)
        const { scaled } = await add(bytes)
        expect(scaled.sha256).toBe(sha256)
        expect(await enlarge(bytes)).toMatchObject({ width: 500, height: 300 })
      }
      expect((await readdir(folder)).sort()).toEqual(['original', 'rendered.webp', 'scaled.webp'])
    })

    it('refuses a file that lacks a few bytes of its data, with or without an end marker', async () => {
      const jpeg = (await make({ width: 500, height: 300 })).subarray(0, -2)
      for (const lacking of [2, 4, 10, 40]) {
        const bytes = jpeg.subarray(0, -lacking)
        for (const cut of [bytes, withEnd(bytes)]) {
          expect((await errorOf(add(cut))).detail).toMatch(/JPEG image is damaged/)
        }
      }
    })
  })

  it('refuses a progressive JPEG that ends after any scan but its last', async () => {
    const jpeg = await makeProgressiveJpeg()
    const scan = Buffer.from([0xff, 0xda])
    const starts: number[] = []
    for (let at = jpeg.indexOf(scan); at !== -1; at = jpeg.indexOf(scan, at + 2)) starts.push(at)
    expect(starts.length).toBeGreaterThan(3)
    for (const start of starts.slice(1)) {
      const { detail } = await errorOf(add(jpeg.subarray(0, start)))
      expect(detail).toMatch(/JPEG image is damaged/)
    }
  })

  it('refuses a PNG with a wrong checksum', async () => {
    const png = await makePng()
    const checksum = png.length - 12 - 4
    png.writeUInt32BE(png.readUInt32BE(checksum) ^ 1, checksum)
    // The decoder checks every checksum except that of the last chunk, so the data must be wrong too.
    png.writeUInt8(png.readUInt8(checksum - 1) ^ 1, checksum - 1)
    expect((await errorOf(add(png))).detail).toMatch(/PNG image is damaged/)
  })

  it('refuses an animation that is damaged in its last frame only', async () => {
    const gif = await makeAnimatedGif(5)
    const { detail } = await errorOf(add(gif.fill(0xff, gif.length - 100, gif.length - 80)))
    expect(detail).toMatch(/GIF image is damaged .* cannot be decoded completely/)
  })

  it('counts the pixels of all frames', async () => {
    await withImages({ maxImagePixels: 64 * 48 * 4 }, async (own) => {
      expect(await add(await makeAnimatedGif(4), own)).toMatchObject({ frames: 4 })
      const { detail } = await errorOf(add(await makeAnimatedGif(5), own))
      expect(detail).toMatch(/64 x 48 pixels in each of 5 frames; at most 12288/)
    })
  })

  it('refuses an image that takes too long, and goes on', async () => {
    const slow = await makeSlowGif()
    await withImages({ ...unlimited, imageSeconds: 0.5, imageWorkers: 1 }, async (own) => {
      const error = await errorOf(add(slow, own))
      expect(error.detail).toMatch(/0.5 seconds of processor time/)
      expect(isRefusal(error)).toBe(true)
      expect(await add(await makePng(), own)).toMatchObject({ width: 64 })
    })
  })

  it('refuses an image that takes too much memory, and goes on', async () => {
    // Progressive, so that the decoder holds all coefficients at once: 294 MB.
    const flat = { width: 7000, height: 7000, channels: 3 as const, background: '#468' }
    const huge = await sharp({ create: flat })
      .jpeg({ progressive: true, chromaSubsampling: '4:4:4' })
      .toBuffer()
    const mebibyte = 1024 * 1024
    await withImages({ imageMemoryBytes: 256 * mebibyte, imageWorkers: 1 }, async (own) => {
      expect((await errorOf(add(huge, own))).detail).toMatch(/256 MiB of memory/)
      expect(await add(await makePng(), own)).toMatchObject({ width: 64 })
    })
  })

  it('refuses an interlaced image that does not fit in memory, and says its size', async () => {
    // 8 bytes a pixel. The decoder needs all of them before it has the first line.
    const interlaced = makeClaimingPng(8000, 8000, { depth: 16, color: 6, interlace: 1 })
    await withImages({ imageMemoryBytes: 400 * 1024 * 1024, imageWorkers: 1 }, async (own) => {
      const { detail } = await errorOf(add(interlaced, own))
      expect(detail).toMatch(/512000000 bytes .*8000 x 8000 pixels of 8 bytes/)
    })
  })

  it('distinguishes a server fault from a refusal', async () => {
    const missing = images.process(join(folder, 'missing'), folder)
    await expect(missing).rejects.toThrow(/ENOENT/)
    expect(isRefusal(await missing.catch((error) => error))).toBe(false)
    const path = await save(await makePng())
    await expect(images.process(path, join(folder, 'nowhere'))).rejects.not.toSatisfy(isRefusal)
  })

  it('stops at once when aborted, running or waiting, and goes on', async () => {
    const path = await save(await makeAvif({ width: 2000, height: 1500 }))
    await withImages({ imageWorkers: 1 }, async (own) => {
      const abort = new AbortController()
      const tasks = [1, 2].map(() => own.process(path, folder, abort.signal))
      const reason = new Error('The client hung up')
      setImmediate(() => abort.abort(reason))
      const rejected = { status: 'rejected', reason }
      expect(await Promise.allSettled(tasks)).toEqual([rejected, rejected])
      await expect(own.process(path, folder, abort.signal)).rejects.toBe(reason)
      expect(own).toMatchObject({ workers: 0, waiting: 0 })
      expect(await add(await makePng(), own)).toMatchObject({ width: 64 })
    })
  })

  it('processes fifty at once with a worker for each core', async () => {
    const tasks = Array.from({ length: 50 }, async (_, seed) => {
      const own = await mkdtemp(join(folder, 'task-'))
      const path = await save(await makeJpeg({ seed, width: 64 + seed }), `original-${seed}`)
      return images.process(path, own)
    })
    const results = await Promise.all(tasks)
    expect(results.map(({ width }) => width)).toEqual(tasks.map((_, seed) => 64 + seed))
    expect(new Set(results.map(({ scaled }) => scaled.sha256)).size).toBe(50)
  })

  it('is busy when too many tasks wait', async () => {
    const path = await save(await makePng())
    await withImages({ imageWorkers: 1, imageQueue: 1 }, async (own) => {
      const [first, second, third] = [1, 2, 3].map(() => own.process(path, folder))
      await expect(third).rejects.toMatchObject({ code: 'service-busy', status: 503 })
      await Promise.all([first, second])
    })
  })

  it('rejects running and waiting tasks when it is closed', async () => {
    const path = await save(await makePng())
    const own = createImages({ ...defaults, imageWorkers: 1 })
    const tasks = [1, 2].map(() => own.process(path, folder))
    const settled = Promise.allSettled(tasks)
    await own.close()
    for (const { status } of await settled) expect(status).toBe('rejected')
    expect(own).toMatchObject({ workers: 0, waiting: 0 })
  })
})

describe('render', () => {
  it('fits an image into 2560 x 2560, upright and without metadata', async () => {
    const high = await enlarge(await makePhonePhoto({ width: 3000, height: 1500 }))
    expect(high).toMatchObject({ path: join(folder, 'rendered.webp'), width: 1280, height: 2560 })
    const bytes = await readFile(high.path)
    expect(high.size).toBe(bytes.length)
    expect(high.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(listChunks(bytes)).toEqual(['VP8 '])
    expect(isReddish(await colorAt(high.path, 640, 100))).toBe(true)
  })

  it('never enlarges', async () => {
    expect(await enlarge(await makeWebp())).toMatchObject({ width: 64, height: 48 })
  })

  it('scales down an image that is too large for WebP', async () => {
    const high = await enlarge(await makePng({ width: 20_000, height: 10 }))
    expect(high).toMatchObject({ width: 2560, height: 1 })
  })

  it.each([
    ['GIF', makeAnimatedGif],
    ['WebP', makeAnimatedWebp],
  ])('keeps the animation of a %s', async (_, make) => {
    const { path, width, height } = await enlarge(await make(5))
    expect({ width, height }).toEqual({ width: 64, height: 48 })
    expect(await sharp(path).metadata()).toMatchObject({
      pages: 5,
      loop: 3,
      delay: Array(5).fill(80),
    })
    const names = new Set(listChunks(await readFile(path)))
    expect([...names].filter((name) => !['VP8X', 'ANIM', 'ANMF'].includes(name))).toEqual([])
  })

  it('renders an animated PNG with its frames and times, and as a still where the library knows it as one', async () => {
    const path = await save(await makeAnimatedPng(5))
    const high = await images.render(path, folder, VARIANTS.high)
    const timing = { delay: new Array(5).fill(100), loop: 3 }
    expect(await sharp(await readFile(high.path)).metadata()).toMatchObject({ pages: 5, ...timing })
    const still = await images.render(path, folder, VARIANTS.high, { isStill: true })
    expect((await sharp(await readFile(still.path)).metadata()).pages ?? 1).toBe(1)
    expect((await readdir(folder)).sort()).toEqual(['original', 'rendered.webp'])
  })

  it('renders only the first frame of an animation that would take too long', async () => {
    await withImages({ imageSeconds: 0.5 }, async (own) => {
      const { path, width } = await enlarge(await makeSlowGif(), own)
      expect(width).toBe(1000)
      expect((await sharp(path).metadata()).pages).toBeUndefined()
    })
  })

  it('renders a JPEG that is spoilt at its very end, because earlier versions accepted it', async () => {
    const jpeg = await makeJpeg({ width: 1600, height: 1200 })
    const spoilt = Buffer.concat([jpeg.subarray(0, -40), jpeg.subarray(-2)])
    expect(await enlarge(spoilt)).toMatchObject({ width: 1600, height: 1200 })
  })

  it('refuses with its own message', async () => {
    const error = await errorOf(enlarge(cutShort(await makePng())))
    expect(error).toMatchObject({ code: 'image-refused', message: 'Error processing media' })
  })

  it('runs after all uploads and before rebuilds, from its own queue', async () => {
    const path = await save(await makePng())
    await withImages({ imageWorkers: 1, imageQueue: 2 }, async (own) => {
      const order: string[] = []
      const run = async (name: string, task: Promise<unknown>) => {
        await task
        order.push(name)
      }
      const add = () => own.process(path, folder)
      const rebuild = { priority: PRIORITY.rebuild }
      const tasks = [
        run('first', add()),
        run('rebuilt', own.render(path, folder, VARIANTS.high, rebuild)),
        run('shown', own.render(path, folder, VARIANTS.high)),
        run('shown too', own.render(path, folder, VARIANTS.high)),
      ]
      const full = own.render(path, folder, VARIANTS.high)
      await expect(full).rejects.toMatchObject({ code: 'service-busy' })
      tasks.push(run('second', add()), run('third', add()))
      await Promise.all(tasks)
      expect(order).toEqual(['first', 'second', 'third', 'shown', 'shown too', 'rebuilt'])
    })
  })
})
