import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  makeAvif,
  makeCmykJpeg,
  makeDeepPng,
  makePhonePhoto,
  makeTransparentPng,
} from '../../../test/fixtures.ts'
import type { Options, OutputFormat } from '../address/options.ts'
import { planOf } from '../plan/plan-of.ts'
import { planRegion } from '../plan/plan-region.ts'
import { turnOfOrientation, undo } from '../plan/turn.ts'
import {
  cicp,
  iccp,
  makeDeepPngWith,
  makeGrayAvif,
  makeGrayProfile,
  makePngWith,
} from './colour/colour.fixture.ts'
import { decodeFirstFrame, readHeader } from './decode.ts'
import { render } from './render.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-render-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function save(image: Buffer): Promise<string> {
  const path = join(folder, 'original')
  await writeFile(path, image)
  return path
}

interface Wanted {
  format?: OutputFormat
  focus?: { x: number; y: number }
}

/** Renders a file by the options of an address; as a PNG unless said. */
async function renderBy(image: Buffer, options: Options, { format = 'png', focus }: Wanted = {}) {
  const path = await save(image)
  const header = await readHeader(path)
  const plan = planOf(options, format, { ...header, focus: focus ?? null })
  const rendered = await render(path, { folder, header, plan })
  expect(rendered).toMatchObject({ width: plan.width, height: plan.height })
  return readFile(rendered.path)
}

interface Raw {
  data: Buffer
  width: number
  height: number
  channels: number
}

async function pixelsOf(image: Sharp): Promise<Raw> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  return { data, width, height, channels }
}

/** Checks that two images have the same size and, on average, nearly the same pixels. */
function expectAlike(found: Raw, wanted: Raw, levels = 1.2) {
  const shape = ({ width, height, channels }: Raw) => ({ width, height, channels })
  expect(shape(found)).toEqual(shape(wanted))
  let sum = 0
  for (const [at, value] of found.data.entries()) sum += Math.abs(value - (wanted.data[at] ?? 0))
  expect(sum / found.data.length).toBeLessThan(levels)
}

const [WIDTH, HEIGHT] = [480, 360]

/** Each place has a colour of its own, and something in a corner draws the eye. */
function drawPlaces(channels: 3 | 4 = 3): Sharp {
  const data = Buffer.alloc(WIDTH * HEIGHT * channels)
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const isMarked = Math.hypot(x - 400, y - 80) < 30
      const values = [
        (x / WIDTH) * 255,
        (y / HEIGHT) * 255,
        isMarked ? 255 : 60,
        55 + (x / WIDTH) * 200,
      ]
      data.set(values.slice(0, channels), (y * WIDTH + x) * channels)
    }
  }
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } })
}

/** A JPEG that is shown as `drawPlaces`, stored in one of EXIF's orientations. */
async function makeOriented(orientation: number): Promise<Buffer> {
  const { mirror, degrees } = undo(turnOfOrientation(orientation))
  const stored = drawPlaces().flop(mirror).rotate(degrees)
  return stored
    .withMetadata({ orientation })
    .jpeg({ quality: 98, chromaSubsampling: '4:4:4' })
    .toBuffer()
}

/** Options of an address, and what they mean in sharp's own words. */
const CASES: [name: string, options: Options, (upright: Sharp) => Sharp | Promise<Sharp>][] = [
  ['nothing', {}, (image) => image],
  ['a width', { width: 60 }, (image) => image.resize(60)],
  ['a large width', { width: 400 }, (image) => image.resize(400)],
  ['a height', { height: 45 }, (image) => image.resize(null, 45)],
  ['inside', { width: 60, height: 20 }, (image) => image.resize(60, 20, { fit: 'inside' })],
  [
    'cover',
    { width: 100, height: 40, fit: 'cover', position: 'center' },
    (image) => image.resize(100, 40, { fit: 'cover' }),
  ],
  [
    'contain',
    { width: 100, height: 100, fit: 'contain', background: '102030' },
    (image) => image.resize(100, 100, { fit: 'contain', background: '#102030' }),
  ],
  [
    'contain without a background',
    { width: 100, height: 40, fit: 'contain' },
    (image) =>
      image.resize(100, 40, { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } }),
  ],
  [
    'contain without enlargement',
    { width: 500, height: 500, fit: 'contain', background: 'ffffff' },
    (image) =>
      image.resize(500, 500, { fit: 'contain', background: '#fff', withoutEnlargement: true }),
  ],
  ...(['top', 'right', 'bottom', 'left'] as const).map((position): (typeof CASES)[number] => [
    position,
    { width: 90, ratio: [1, 1], position },
    (image) => image.resize(90, 90, { position }),
  ]),
  [
    'a corner',
    { width: 90, ratio: [3, 1], position: 'bottom-right' },
    (image) => image.resize(90, 30, { position: 'southeast' }),
  ],
  [
    'attention',
    { width: 90, ratio: [1, 1], position: 'attention' },
    (image) => image.resize(90, 90, { position: 'attention' }),
  ],
  [
    'a point',
    { width: 90, ratio: [1, 1], position: { x: 60, y: 1 } },
    (image) => image.resize(120, 90).extract({ left: 27, top: 0, width: 90, height: 90 }),
  ],
  [
    'a crop',
    { crop: { x: 50, y: 25, width: 25, height: 50 } },
    (image) => image.extract({ left: 240, top: 90, width: 120, height: 180 }),
  ],
  [
    'a crop of a width',
    { crop: { x: 50, y: 25, width: 50, height: 50 }, width: 80 },
    (image) => image.extract({ left: 240, top: 90, width: 240, height: 180 }).resize(80),
  ],
  ['a turn', { rotate: 90 }, (image) => image.rotate(90)],
  ['a turn of a width', { rotate: 270, width: 45 }, (image) => image.rotate(270).resize(45)],
  ['a turn upside down', { rotate: 180, width: 60 }, (image) => image.rotate(180).resize(60)],
  ['a flip', { flip: 'h', width: 120 }, (image) => image.flop().resize(120)],
  ['a vertical flip', { flip: 'v', width: 120 }, (image) => image.flip().resize(120)],
  [
    'a turn and a flip',
    { rotate: 90, flip: 'h', width: 90 },
    async (image) => sharp(await image.rotate(90).resize(90).png().toBuffer()).flop(),
  ],
  [
    'a turned crop that draws the eye',
    { crop: { x: 40, y: 0, width: 60, height: 60 }, rotate: 90, width: 60, ratio: [1, 1] },
    async (image) => {
      const crop = image.extract({ left: 192, top: 0, width: 288, height: 216 })
      const turned = sharp(await crop.png().toBuffer()).rotate(90)
      return sharp(await turned.png().toBuffer()).resize(60, 60, { position: 'attention' })
    },
  ],
  [
    'gray',
    { width: 120, gray: true },
    async (image) => sharp(await image.resize(120).grayscale().png().toBuffer()),
  ],
  ['blur', { width: 120, blur: 5 }, (image) => image.resize(120).blur(5)],
]

describe.each([1, 2, 3, 4, 5, 6, 7, 8])('an image stored in orientation %i', (orientation) => {
  let image: Buffer
  let upright: Buffer
  beforeAll(async () => {
    image = await makeOriented(orientation)
    upright = await sharp(image).autoOrient().png().toBuffer()
  })

  it('is the same image', async () => {
    expectAlike(await pixelsOf(sharp(upright)), await pixelsOf(drawPlaces()))
  })

  it.each(CASES)('is rendered as by sharp: %s', async (_, options, reference) => {
    const found = await pixelsOf(sharp(await renderBy(image, options)))
    expectAlike(found, await pixelsOf(await reference(sharp(upright))))
  })
})

it('keeps the focus of an item', async () => {
  const image = await makeOriented(6)
  const found = await renderBy(image, { width: 90, ratio: [1, 1] }, { focus: { x: 0.75, y: 0.2 } })
  const wanted = drawPlaces().resize(120, 90).extract({ left: 30, top: 0, width: 90, height: 90 })
  expectAlike(await pixelsOf(sharp(found)), await pixelsOf(wanted))
})

it('never enlarges, and keeps the ratio of a box', async () => {
  const image = await makeOriented(1)
  const size = async (options: Options) => {
    const { width, height } = await sharp(await renderBy(image, options)).metadata()
    return [width, height]
  }
  expect(await size({ width: 4000 })).toEqual([480, 360])
  expect(await size({ width: 4000, ratio: [1, 1] })).toEqual([360, 360])
  expect(await size({ width: 800, height: 600, fit: 'cover' })).toEqual([480, 360])
  expect(await size({ width: 1000, height: 500, fit: 'cover' })).toEqual([480, 240])
})

it('scales a region by two factors', async () => {
  const path = await save(await makeOriented(8))
  const header = await readHeader(path)
  const { width, height } = header
  const plan = planRegion({
    source: { width, height },
    region: { left: 120, top: 60, width: 240, height: 180 },
    size: { width: 100, height: 30 },
    turn: { mirror: true, degrees: 90 },
    format: 'png',
    quality: 100,
    effort: 1,
    animated: false,
    frame: 0,
  })
  const { path: rendered } = await render(path, { folder, header, plan })
  const region = drawPlaces().extract({ left: 120, top: 60, width: 240, height: 180 })
  const scaled = await region.resize(100, 30, { fit: 'fill' }).png().toBuffer()
  const wanted = sharp(await sharp(scaled).flop().png().toBuffer()).rotate(90)
  expectAlike(await pixelsOf(sharp(rendered)), await pixelsOf(wanted))
})

describe('every format', () => {
  it.each<[OutputFormat, string]>([
    ['webp', 'webp'],
    ['avif', 'heif'],
    ['jpg', 'jpeg'],
    ['png', 'png'],
  ])('%s holds the image and nothing else of the original', async (format, name) => {
    const image = await makePhonePhoto({ width: 300, height: 200 })
    const found = await renderBy(image, { width: 100 }, { format })
    const metadata = await sharp(found).metadata()
    expect(metadata).toMatchObject({ format: name, width: 100, height: 150 })
    for (const member of ['exif', 'icc', 'xmp', 'iptc', 'comments']) {
      expect(metadata).not.toHaveProperty(member)
    }
    expect(metadata.orientation ?? 1).toBe(1)
    expectAlike(
      await pixelsOf(sharp(found)),
      await pixelsOf(sharp(image).autoOrient().resize(100)),
      8,
    )
  })

  it.each<OutputFormat>(['webp', 'avif', 'jpg'])(
    '%s is smaller at a lower quality',
    async (format) => {
      const image = await makePhonePhoto({ width: 300, height: 200 })
      const size = async (options: Options) => (await renderBy(image, options, { format })).length
      const low = await size({ quality: 20 })
      const usual = await size({})
      const high = await size({ quality: 95 })
      expect(low).toBeLessThan(usual)
      expect(usual).toBeLessThan(high)
    },
  )
})

describe('transparency', () => {
  const png = () => drawPlaces(4).png().toBuffer()
  const white = () => drawPlaces(4).flatten({ background: '#fff' })

  it('stays, also around a contained, a blurred and a gray image', async () => {
    for (const format of ['webp', 'avif', 'png'] as const) {
      const found = await pixelsOf(sharp(await renderBy(await png(), { width: 120 }, { format })))
      expectAlike(found, await pixelsOf(drawPlaces(4).resize(120)), 4)
    }
    const boxed = await renderBy(await png(), { width: 120, height: 120, fit: 'contain' })
    const transparent = { r: 0, g: 0, b: 0, alpha: 0 }
    expectAlike(
      await pixelsOf(sharp(boxed)),
      await pixelsOf(drawPlaces(4).resize(120, 120, { fit: 'contain', background: transparent })),
    )
    const blurred = await renderBy(await png(), { width: 120, blur: 3 })
    // The edges of what is hardly visible are rounded once more.
    const reference = await pixelsOf(drawPlaces(4).resize(120).blur(3))
    expectAlike(await pixelsOf(sharp(blurred)), reference, 2)
    const gray = await renderBy(await png(), { width: 120, gray: true })
    const wanted = await drawPlaces(4).resize(120).grayscale().png().toBuffer()
    expectAlike(await pixelsOf(sharp(gray)), await pixelsOf(sharp(wanted)))
  })

  it('is before white in JPEG, and before the background that is said', async () => {
    const jpeg = await renderBy(await png(), {}, { format: 'jpg' })
    expectAlike(await pixelsOf(sharp(jpeg)), await pixelsOf(white()), 3)
    const red = await renderBy(await png(), { background: 'ff0000' }, { format: 'png' })
    expectAlike(
      await pixelsOf(sharp(red)),
      await pixelsOf(drawPlaces(4).flatten({ background: '#f00' })),
    )
  })
})

describe('colours', () => {
  it.each<[string, () => Buffer | Promise<Buffer>]>([
    ['a CMYK JPEG', makeCmykJpeg],
    ['a gray PNG', () => drawPlaces().toColourspace('b-w').png().toBuffer()],
    ['a transparent PNG', makeTransparentPng],
    ['a PNG of 16 bits in Display P3', makeDeepPng],
    ['an AVIF', makeAvif],
    ['a PNG that declares PQ', () => makePngWith([247, 35, 175], cicp(9, 16))],
    ['a PNG with a profile for gray', () => makeDeepPngWith([128 * 257], iccp(makeGrayProfile()))],
    ['an AVIF with a profile for gray', makeGrayAvif],
    ['a photograph in Display P3', makePhonePhoto],
  ])('of %s are those of the other images, also cut and turned', async (_, make) => {
    const image = await make()
    const path = await save(image)
    const header = await readHeader(path)
    const { data, ...raw } = await decodeFirstFrame(path, header, 32)
    expectAlike(await pixelsOf(sharp(await renderBy(image, { width: raw.width }))), {
      data,
      ...raw,
    })
    const options: Options = { crop: { x: 0, y: 0, width: 50, height: 50 }, rotate: 90, flip: 'h' }
    const part = await pixelsOf(sharp(await renderBy(image, options)))
    const whole = await decodeFirstFrame(path, header, 4000)
    const cut = await sharp(whole.data, { raw: { ...whole, data: undefined } as never })
      .extract({ left: 0, top: 0, width: part.height, height: part.width })
      .flip()
      .rotate(90)
      .png()
      .toBuffer()
    expectAlike(part, await pixelsOf(sharp(cut)))
  })
})
