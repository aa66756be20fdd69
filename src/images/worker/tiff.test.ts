import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp, type TiffOptions } from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cutShort, makeTiff, makeTiffOfPages } from '../../../test/fixtures.ts'
import { makeGrayProfile } from './colour/colour.fixture.ts'
import { decodeUpload, readHeader } from './decode.ts'
import { Refusal } from './tasks.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitrine-tiff-'))
})
afterAll(() => rm(folder, { recursive: true }))

let saved = 0

/** Each has a name of its own: libvips remembers what it has read from a path. */
async function save(bytes: Buffer): Promise<string> {
  const path = join(folder, `original-${saved++}`)
  await writeFile(path, bytes)
  return path
}

const [WIDTH, HEIGHT] = [64, 48]

/** Red grows to the right, green to the bottom. */
function drawSlope(channels: 3 | 4 = 3): Sharp {
  const data = Buffer.alloc(WIDTH * HEIGHT * channels)
  for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel++) {
    const [x, y] = [pixel % WIDTH, Math.floor(pixel / WIDTH)]
    data.set([x * 4, y * 5, 128, 255 - x].slice(0, channels), pixel * channels)
  }
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } })
}

async function decode(bytes: Buffer) {
  const path = await save(bytes)
  const header = await readHeader(path)
  return { header, ...(await decodeUpload(path, header, 400)) }
}

/** The largest difference of a channel from the pixels that the file was made of. */
async function differenceFrom(image: Sharp, bytes: Buffer): Promise<number> {
  const { data, channels, width, height } = await decode(bytes)
  const wanted = await image.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
  expect({ width, height, channels }).toEqual({
    width: WIDTH,
    height: HEIGHT,
    channels: wanted.info.channels,
  })
  return data.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - (wanted.data[at] ?? 0))),
    0,
  )
}

describe('a TIFF', () => {
  it.each<[string, (image: Sharp) => Sharp, TiffOptions, number]>([
    ['uncompressed', (image) => image, { compression: 'none' }, 0],
    ['LZW', (image) => image, { compression: 'lzw', predictor: 'horizontal' }, 0],
    ['Deflate', (image) => image, { compression: 'deflate' }, 0],
    ['PackBits', (image) => image, { compression: 'packbits' }, 0],
    ['JPEG', (image) => image, { compression: 'jpeg', quality: 95 }, 12],
    [
      'tiles',
      (image) => image,
      { compression: 'lzw', tile: true, tileWidth: 16, tileHeight: 32 },
      0,
    ],
    ['BigTIFF', (image) => image, { compression: 'lzw', bigtiff: true }, 0],
    ['16 bits', (image) => image.toColourspace('rgb16'), { compression: 'lzw' }, 0],
    ['gray', (image) => image.grayscale(), { compression: 'lzw' }, 0],
    [
      '16 bits of gray',
      (image) => image.grayscale().toColourspace('grey16'),
      { compression: 'lzw' },
      1,
    ],
    ['CMYK with a profile', (image) => image.withIccProfile('cmyk'), { compression: 'lzw' }, 60],
    ['CIELAB', (image) => image.toColourspace('lab'), { compression: 'lzw' }, 2],
  ])('is decoded: %s', async (_, prepare, options, levels) => {
    const reference = prepare(drawSlope()).toColourspace('srgb')
    const wanted = sharp(await reference.png().toBuffer())
    const bytes = await prepare(drawSlope()).tiff(options).toBuffer()
    expect(await differenceFrom(wanted, bytes)).toBeLessThanOrEqual(levels)
  })

  it('is decoded with opacity', async () => {
    const bytes = await drawSlope(4).tiff({ compression: 'deflate' }).toBuffer()
    expect(await differenceFrom(drawSlope(4), bytes)).toBeLessThanOrEqual(1)
  })

  it.each<[1 | 2 | 4, TiffOptions]>([
    [1, { compression: 'ccittfax4' }],
    [1, { compression: 'lzw', predictor: 'none', miniswhite: true }],
    [2, { compression: 'none' }],
    [4, { compression: 'deflate', predictor: 'none' }],
  ])('is decoded with %i bit', async (bitdepth, options) => {
    const gray = drawSlope().grayscale().toColourspace('b-w')
    const image = bitdepth === 1 ? gray.threshold(128) : gray
    const steps = 2 ** bitdepth - 1
    const pixels = await image.clone().raw().toBuffer()
    const { data } = await decode(await image.tiff({ ...options, bitdepth }).toBuffer())
    const levels = new Set(data)
    expect([...levels].every((level) => (level * steps) % 255 === 0)).toBe(true)
    const far = pixels.findIndex((value, at) => Math.abs(value - (data[at * 3] ?? 0)) > 255 / steps)
    expect(far).toBe(-1)
  })

  it('is decoded with inks as browsers show them', async () => {
    const inks = await drawSlope().toColourspace('cmyk').tiff().toBuffer()
    const stored = await sharp(inks)
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .raw()
      .toBuffer()
    const { data } = await decode(inks)
    const [cyan = 0, , , black = 0] = stored.subarray(-4)
    expect(data.at(-3)).toBe(Math.round(((255 - cyan) * (255 - black)) / 255))
  })

  it('is its first page, upright, and no animation', async () => {
    const first = await makeTiff()
    const pages = await decode(await makeTiffOfPages())
    expect(pages.header).toMatchObject({ format: 'tiff', frames: 1, width: WIDTH, height: HEIGHT })
    expect(pages.data.equals((await decode(first)).data)).toBe(true)
    const turned = await decode(
      await drawSlope().withMetadata({ orientation: 6 }).tiff().toBuffer(),
    )
    expect(turned).toMatchObject({ width: HEIGHT, height: WIDTH })
    // Left is on top then.
    expect(turned.data[0]).toBeLessThan(8)
    expect(turned.data[(WIDTH - 1) * HEIGHT * 3]).toBeGreaterThan(240)
  })

  it('with a profile for gray is shown by it', async () => {
    const gray = sharp({ create: { width: 16, height: 16, channels: 3, background: '#808080' } })
    const profile = join(folder, 'gray.icc')
    await writeFile(profile, makeGrayProfile())
    const plain = await gray.grayscale().toColourspace('b-w').tiff().toBuffer()
    const { data } = await decode(withProfile(plain, makeGrayProfile()))
    // Linear light of 128 is 188 in sRGB.
    expect(Math.abs((data[0] ?? 0) - 188)).toBeLessThanOrEqual(2)
  })

  it('is refused where its values have no white', async () => {
    const float = await drawSlope().toColourspace('scrgb').raw({ depth: 'float' }).toBuffer()
    expect(float.length).toBe(WIDTH * HEIGHT * 12)
    const path = await save(floatTiff(float))
    const error = await readHeader(path).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(Refusal)
    expect(error.detail).toMatch(/1 to 16 bits/)
  })

  it('is refused as the raw image of a camera', async () => {
    const bytes = await makeTiff({}, { compression: 'none' })
    // The colour filter array of a sensor in place of red, green and blue.
    const at = bytes.indexOf(Buffer.from([0x06, 0x01, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02]))
    expect(at).toBeGreaterThan(0)
    bytes.writeUInt16LE(32803, at + 8)
    const error = await readHeader(await save(bytes)).catch((thrown) => thrown)
    expect(error.detail).toMatch(/^The file is a raw image of a camera/)
  })

  it('is refused if it is cut short', async () => {
    for (const compression of ['none', 'lzw', 'jpeg'] as const) {
      const bytes = await drawSlope().resize(400, 400).tiff({ compression }).toBuffer()
      // The description may be behind the pixels. Then nothing of it is left.
      const error = await decode(cutShort(bytes)).catch((thrown) => thrown)
      expect(error).toBeInstanceOf(Refusal)
      expect(error.detail).toMatch(/TIFF image .*(damaged|cut short)/)
    }
  })
})

/** An uncompressed TIFF of one strip in little-endian, with these fields besides. */
function tiffOf(
  pixels: Buffer,
  fields: readonly (readonly [tag: number, type: number, value: number])[],
): Buffer {
  const head = Buffer.alloc(8)
  head.write('II*\0', 0, 'latin1')
  head.writeUInt32LE(8 + pixels.length, 4)
  const directory = Buffer.alloc(2 + fields.length * 12 + 4)
  directory.writeUInt16LE(fields.length, 0)
  for (const [index, [tag, type, value]] of fields.entries()) {
    const at = 2 + index * 12
    directory.writeUInt16LE(tag, at)
    directory.writeUInt16LE(type, at + 2)
    directory.writeUInt32LE(1, at + 4)
    directory.writeUInt32LE(value, at + 8)
  }
  return Buffer.concat([head, pixels, directory])
}

/** One channel of 32-bit numbers. */
const floatTiff = (pixels: Buffer) =>
  tiffOf(pixels, [
    [256, 3, WIDTH * 3],
    [257, 3, HEIGHT],
    [258, 3, 32],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 8],
    [277, 3, 1],
    [278, 3, HEIGHT],
    [279, 4, pixels.length],
    [339, 3, 3],
  ])

/** Adds a profile to a TIFF of one directory, whose entries are in order of their tags. */
function withProfile(tiff: Buffer, profile: Buffer): Buffer {
  const at = tiff.readUInt32LE(4)
  const count = tiff.readUInt16LE(at)
  const entries = tiff.subarray(at + 2, at + 2 + count * 12)
  const entry = Buffer.alloc(12)
  entry.writeUInt16LE(34675, 0)
  entry.writeUInt16LE(7, 2)
  entry.writeUInt32LE(profile.length, 4)
  entry.writeUInt32LE(tiff.length, 8)
  const start = Buffer.alloc(2)
  start.writeUInt16LE(count + 1)
  const head = Buffer.from(tiff)
  head.writeUInt32LE(tiff.length + profile.length, 4)
  return Buffer.concat([head, profile, start, entries, entry, Buffer.alloc(4)])
}
