import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { thumbHashToAverageRGBA } from 'thumbhash'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pngChunk } from '../../../../test/hostile/pieces.ts'
import { createImages, type Images } from '../../images.ts'
import { VARIANTS } from '../../recipe.ts'
import { type ImageSettings, imageSettings } from '../../settings.ts'
import { decodeFirstFrame, readHeader } from '../decode.ts'
import { colourOf } from './code-points.ts'
import {
  chrm,
  cicp,
  clli,
  gama,
  iccp,
  makeAvifWith,
  makeDeepPngWith,
  makeGrayAvif,
  makeGrayProfile,
  makeLimitedAlphaAvif,
  makeLimitedGrayAvif,
  makePalettePngWith,
  makePngWith,
  makePqAvif,
  makeTransparentPngWith,
  mdcv,
  P3_CHRM,
  type Rgb,
} from './colour.fixture.ts'
import { readHeifColour } from './heif.ts'

// The expected values are those that Chromium 156 shows for the same bytes, forced to sRGB.

/** A colour that shows the effect of a conversion in each of its channels. */
const PINK: Rgb = [247, 35, 175]
const SRGB = pngChunk('sRGB', Buffer.from([0]))
const SRGB_CHRM = chrm(31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6000)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-colour-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function save(image: Buffer | Promise<Buffer>): Promise<string> {
  const path = join(folder, 'original')
  await writeFile(path, await image)
  return path
}

/** The channels of the first pixel. */
async function shown(image: Buffer | Promise<Buffer>): Promise<number[]> {
  const path = await save(image)
  const { data, channels } = await decodeFirstFrame(path, await readHeader(path), 400)
  return [...data.subarray(0, channels)]
}

function makeBox(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + data.length)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, data])
}

/** Allows a difference of one level, for rounding. */
function expectNear(found: number[], wanted: readonly number[]) {
  expect(found).toHaveLength(wanted.length)
  for (const [index, value] of wanted.entries()) {
    expect(Math.abs((found[index] ?? 0) - value), `${found} for ${wanted}`).toBeLessThanOrEqual(1)
  }
}

describe('a PNG', () => {
  it.each([
    { says: 'the primaries of sRGB', chunk: cicp(1, 13), color: PINK },
    { says: 'BT.470 M', chunk: cicp(4, 13), color: [255, 42, 176] },
    { says: 'BT.470 BG', chunk: cicp(5, 13), color: [252, 35, 174] },
    { says: 'SMPTE 170M', chunk: cicp(6, 13), color: [241, 56, 175] },
    { says: 'SMPTE 240M', chunk: cicp(7, 13), color: [241, 56, 175] },
    { says: 'film', chunk: cicp(8, 13), color: [255, 0, 178] },
    { says: 'BT.2020', chunk: cicp(9, 13), color: [255, 0, 181] },
    { says: 'XYZ', chunk: cicp(10, 13), color: [255, 0, 196] },
    { says: 'DCI P3', chunk: cicp(11, 13), color: [255, 0, 179] },
    { says: 'Display P3', chunk: cicp(12, 13), color: [255, 0, 179] },
    { says: 'EBU 3213', chunk: cicp(22, 13), color: [250, 62, 175] },
    { says: 'the transfer of BT.709', chunk: cicp(1, 1), color: [247, 23, 171] },
    { says: 'gamma 2.2', chunk: cicp(1, 4), color: [247, 30, 176] },
    { says: 'gamma 2.8', chunk: cicp(1, 5), color: [245, 12, 159] },
    { says: 'the transfer of BT.601', chunk: cicp(1, 6), color: [247, 23, 171] },
    { says: 'the transfer of SMPTE 240M', chunk: cicp(1, 7), color: [248, 53, 184] },
    { says: 'linear light', chunk: cicp(1, 8), color: [251, 104, 216] },
    { says: 'the transfer of BT.2020', chunk: cicp(1, 14), color: [247, 23, 171] },
    { says: 'SMPTE 428', chunk: cicp(1, 17), color: [255, 18, 172] },
    { says: 'PQ', chunk: cicp(1, 16), color: [255, 1, 96] },
    { says: 'PQ in BT.2020', chunk: cicp(9, 16), color: [255, 0, 72] },
    { says: 'PQ in Display P3', chunk: cicp(12, 16), color: [255, 0, 80] },
    { says: 'HLG', chunk: cicp(1, 18), color: [255, 23, 140] },
    { says: 'HLG in BT.2020', chunk: cicp(9, 18), color: [255, 0, 126] },
    { says: 'HLG in Display P3', chunk: cicp(12, 18), color: [255, 0, 134] },
    { says: 'unknown primaries', chunk: cicp(3, 13), color: PINK },
    { says: 'an unknown transfer', chunk: cicp(1, 9), color: PINK },
    { says: 'a limited range', chunk: cicp(9, 16, 0, 0), color: PINK },
    { says: 'a matrix', chunk: cicp(9, 16, 9), color: PINK },
    { says: 'gamma 1 by gAMA', chunk: gama(100_000), color: [251, 104, 216] },
    { says: 'gamma 1.6 by gAMA', chunk: gama(62_500), color: [249, 58, 195] },
    { says: 'gamma 5 by gAMA', chunk: gama(20_000), color: [238, 0, 109] },
    { says: 'the usual gAMA', chunk: gama(45_455), color: PINK },
    { says: 'nearly the usual gAMA', chunk: gama(47_500), color: PINK },
    { says: 'no gAMA at all', chunk: gama(0), color: PINK },
    { says: 'cHRM without gAMA', chunk: P3_CHRM, color: PINK },
  ])('shows the right colour for $says', async ({ chunk, color }) => {
    expectNear(await shown(makePngWith(PINK, chunk)), color)
  })

  it.each([
    { says: 'gAMA and cHRM', chunks: [gama(45_455), P3_CHRM], color: [255, 0, 181] },
    { says: 'gAMA and the cHRM of sRGB', chunks: [gama(62_500), SRGB_CHRM], color: [249, 58, 195] },
    {
      says: 'a cHRM of no colours',
      chunks: [gama(45_455), chrm(0, 0, 0, 0, 0, 0, 0, 0)],
      color: PINK,
    },
    { says: 'sRGB before gAMA', chunks: [SRGB, gama(100_000)], color: PINK },
    { says: 'cICP before sRGB', chunks: [SRGB, cicp(1, 8)], color: [251, 104, 216] },
    { says: 'cICP before gAMA', chunks: [gama(100_000), cicp(9, 13)], color: [255, 0, 181] },
    { says: 'content up to 400 cd/m²', chunks: [cicp(9, 16), clli(400)], color: [255, 0, 72] },
    { says: 'nothing over diffuse white', chunks: [cicp(9, 16), clli(203)], color: [255, 0, 255] },
    { says: 'a display of 203 cd/m²', chunks: [cicp(9, 16), mdcv(203)], color: [255, 0, 255] },
    {
      says: 'content and display',
      chunks: [cicp(9, 16), mdcv(203), clli(400)],
      color: [255, 0, 72],
    },
  ])('shows the right colour for $says', async ({ chunks, color }) => {
    expectNear(await shown(makePngWith(PINK, ...chunks)), color)
  })

  it('with cICP and a profile follows cICP, also if that is sRGB', async () => {
    const p3 = await sharp(await makePngWith(PINK))
      .withIccProfile('p3')
      .png()
      .toBuffer()
    const { data } = await sharp(p3, { ignoreIcc: true })
      .raw()
      .toBuffer({ resolveWithObject: true })
    const numbers = [...data.subarray(0, 3)]
    const withChunk = (chunk: Buffer) => Buffer.concat([p3.subarray(0, 33), chunk, p3.subarray(33)])
    expectNear(await shown(p3), PINK)
    expectNear(await shown(withChunk(cicp(1, 13))), numbers)
    expectNear(await shown(withChunk(gama(100_000))), PINK)
    expectNear(await shown(withChunk(cicp(3, 3))), PINK)
  })

  it('in gray, with a palette, with 16 bits or with opacity is shown alike', async () => {
    const chunk = cicp(1, 8)
    const color = [251, 104, 216]
    expectNear(await shown(makePalettePngWith(PINK, chunk)), color)
    expectNear(await shown(makeTransparentPngWith(PINK, 64, chunk)), [...color, 64])
    expectNear(
      await shown(
        makeDeepPngWith(
          PINK.map((value) => value * 257),
          chunk,
        ),
      ),
      color,
    )
    expectNear(await shown(makeDeepPngWith([128 * 257], chunk)), [188, 188, 188])
    // Darker than the first level of 8 bits, and still visible.
    expectNear(await shown(makeDeepPngWith([128], chunk)), [6, 6, 6])
  })

  it('of 16 bits is shown by its profile for gray', async () => {
    const chunk = iccp(makeGrayProfile())
    expectNear(await shown(makeDeepPngWith([128 * 257], chunk)), [188, 188, 188])
  })

  it('with thousands of chunks is not read to the end', async () => {
    const chunks = new Array<Buffer>(2000).fill(gama(45_455))
    expectNear(await shown(makePngWith(PINK, ...chunks, cicp(1, 8))), PINK)
  })
})

describe('an AVIF', () => {
  it.each([
    { says: 'sRGB', points: [1, 13], color: PINK },
    { says: 'nothing', points: [2, 2], color: PINK },
    { says: 'a camera', points: [1, 1], color: PINK },
    { says: 'a camera in BT.2020', points: [9, 14], color: [255, 0, 181] },
    { says: 'Display P3', points: [12, 13], color: [255, 0, 179] },
    { says: 'linear light', points: [1, 8], color: [251, 104, 216] },
    { says: 'PQ in BT.2020', points: [9, 16], color: [255, 0, 72] },
    { says: 'PQ alone', points: [2, 16], color: [255, 1, 96] },
    { says: 'HLG in BT.2020', points: [9, 18], color: [255, 0, 126] },
  ] as const)(
    'shows the right colour for $says',
    async ({ points: [primaries, transfer], color }) => {
      expectNear(await shown(makeAvifWith(PINK, primaries, transfer)), color)
    },
  )

  it('of 10 bits is shown by its nclx', async () => {
    expectNear(await shown(makePqAvif()), [255, 0, 0])
  })

  it('is shown by the colours of its frames, if it has any', async () => {
    const nclx = Buffer.from([...Buffer.from('nclx'), 0, 12, 0, 13, 0, 6, 0x80])
    const entry = Buffer.concat([Buffer.alloc(78), makeBox('colr', nclx)])
    const descriptions = Buffer.concat([
      Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]),
      makeBox('av01', entry),
    ])
    const movie = ['stsd', 'stbl', 'minf', 'mdia', 'trak', 'moov'].reduce<Buffer>(
      (inside, name) => makeBox(name, inside),
      descriptions,
    )
    const avif = await makeAvifWith(PINK, 1, 13)
    const colourIn = async (...parts: Buffer[]) => {
      const bytes = Buffer.concat(parts)
      return (await readHeifColour(async (at, length) => bytes.subarray(at, at + length))).colour
    }
    expect(await colourIn(avif)).toBeUndefined()
    expect(await colourIn(avif, movie)).toEqual(colourOf({ primaries: 12, transfer: 13 }))
    expect(await colourIn(avif, movie.subarray(0, -12))).toBeUndefined()
  })

  it('uses only the colours that belong to its picture', async () => {
    const avif = await makeAvifWith(PINK, 9, 16)
    const own = avif.indexOf('colrnclx')
    // A property that belongs to no item, in front of all others.
    const stray = Buffer.concat([
      Buffer.from('\0\0\0\x13', 'latin1'),
      avif.subarray(own, own + 8),
      Buffer.from([0, 12, 0, 13, 0, 0, 0x80]),
    ])
    expectNear(await shown(insertProperty(avif, stray)), [255, 0, 72])
  })

  it('is shown by its profile for gray', async () => {
    expectNear(await shown(makeGrayAvif()), [188, 188, 188])
  })

  it('in gray is scaled from its limited range', async () => {
    expectNear(await shown(makeLimitedGrayAvif()), [130, 130, 130])
  })

  it('is opaque if its opacity is the maximum of the limited range', async () => {
    expectNear(await shown(makeLimitedAlphaAvif()), [200, 30, 30, 255])
  })
})

/** Inserts a property in front of the others, and increments the items' property indices. */
function insertProperty(avif: Buffer, property: Buffer): Buffer {
  const at = avif.indexOf('ipco') + 4
  const grown = Buffer.concat([avif.subarray(0, at), property, avif.subarray(at)])
  for (const name of ['meta', 'iprp', 'ipco']) {
    const place = grown.indexOf(name) - 4
    grown.writeUInt32BE(grown.readUInt32BE(place) + property.length, place)
  }
  const ipma = grown.indexOf('ipma') + 4
  const count = grown.readUInt8(ipma + 10)
  for (let index = 0; index < count; index++) {
    grown.writeUInt8(grown.readUInt8(ipma + 11 + index) + 1, ipma + 11 + index)
  }
  return moveData(grown, property.length)
}

/** Moves the data offset of the only item by so many bytes. */
function moveData(avif: Buffer, bytes: number): Buffer {
  const iloc = avif.indexOf('iloc') + 4
  const [version, sizes] = [avif.readUInt8(iloc), avif.readUInt8(iloc + 5)]
  const base = iloc + 8 + (version === 0 ? 4 : 6)
  const isBased = sizes >> 4 === 4
  const offset = isBased ? base : base + 2
  avif.writeUInt32BE(avif.readUInt32BE(offset) + bytes, offset)
  return avif
}

describe('CMYK without a profile', () => {
  it('is shown as in browsers, with and without the Adobe marker', async () => {
    // A mix of inks.
    const create = { width: 16, height: 16, channels: 3, background: '#3c64c8' } as const
    const jpeg = await sharp({ create }).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer()
    const { data } = await sharp(jpeg)
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .raw()
      .toBuffer({ resolveWithObject: true })
    const [cyan = 0, magenta = 0, yellow = 0, black = 0] = data
    const light = (ink: number) => Math.round(((255 - ink) * (255 - black)) / 255)
    const color = [light(cyan), light(magenta), light(yellow)]
    expectNear(await shown(jpeg), color)
    const at = jpeg.indexOf('Adobe') - 4
    const bare = Buffer.concat([jpeg.subarray(0, at), jpeg.subarray(at + 16)])
    expectNear(await shown(bare), color)
  })
})

describe('every derived image', () => {
  let images: Images
  beforeAll(() => {
    const settings = Object.entries(imageSettings).map(([name, { fallback }]) => [name, fallback])
    images = createImages(Object.fromEntries(settings) as ImageSettings)
  })
  afterAll(() => images.close())

  it('has the declared colour', async () => {
    const path = await save(makePngWith([200, 30, 30], cicp(12, 13)))
    const { scaled, color, thumbhash } = await images.process(path, folder)
    expect(color).toBe('#da0006')
    const average = thumbHashToAverageRGBA(Buffer.from(thumbhash, 'base64'))
    expect(average.g).toBeLessThan(0.06)
    const high = await images.render(path, folder, VARIANTS.high)
    for (const variant of [scaled, high]) {
      const [red = 0, green = 0, blue = 0] = await sharp(await readFile(variant.path))
        .raw()
        .toBuffer()
      // WebP is lossy.
      expect([red > 210, green < 8, blue < 14]).toEqual([true, true, true])
    }
  })
})
