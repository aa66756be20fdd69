/** Small images of every kind, valid and hostile, generated as bytes. */
import { deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { pngChunk } from './hostile/pieces.ts'

interface Shape {
  width?: number
  height?: number
  /** Each seed gives different pixels, and so different bytes. */
  seed?: number
}

/**
 * Red on the left, blue on the right, some noise on both, so that a wrong orientation and damage are
 * visible.
 */
function draw({ width = 64, height = 48, seed = 1 }: Shape, channels: 3 | 4 = 3): Sharp {
  const data = Buffer.alloc(width * height * channels)
  let noise = seed
  for (let pixel = 0; pixel < width * height; pixel++) {
    // A linear congruential generator: the same noise in every run.
    noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) >>> 0
    const level = noise >>> 27
    const isLeft = pixel % width < width / 2
    data.set([isLeft ? 220 : level, level, isLeft ? level : 220], pixel * channels)
    if (channels === 4) data[pixel * 4 + 3] = pixel < (width * height) / 2 ? 255 : 64
  }
  return sharp(data, { raw: { width, height, channels } })
}

export const makeJpeg = (shape: Shape = {}) => draw(shape).jpeg({ quality: 90 }).toBuffer()

/** As a phone writes it: rotated by 90 degrees, with a GPS position, a colour profile and XMP. */
export const makePhonePhoto = (shape: Shape = {}) =>
  draw(shape)
    .withMetadata({ orientation: 6 })
    .withExifMerge({
      IFD0: { Make: 'Vitrine Test' },
      IFD3: {
        GPSLatitudeRef: 'N',
        GPSLatitude: '48/1 51/1 30/1',
        GPSLongitudeRef: 'E',
        GPSLongitude: '2/1 17/1 40/1',
      },
    })
    .withIccProfile('p3')
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret/></x:xmpmeta>')
    .jpeg({ quality: 90 })
    .toBuffer()

/** A photograph that says much of itself, in EXIF and XMP. */
export const makeTalkingPhoto = (shape: Shape = {}) =>
  draw(shape)
    .withExif({
      IFD0: { Make: 'Canon', Model: 'Canon EOS R5', ImageDescription: 'From EXIF', Artist: 'Dora' },
      IFD2: {
        DateTimeOriginal: '2023:12:31 23:59:58',
        OffsetTimeOriginal: '-03:30',
        ExposureTime: '1/200',
        FNumber: '28/10',
        BodySerialNumber: '0123456',
      },
      IFD3: {
        GPSLatitudeRef: 'S',
        GPSLatitude: '33/1 51/1 2448/100',
        GPSLongitudeRef: 'E',
        GPSLongitude: '151/1 12/1 5508/100',
      },
    })
    .withXmp(
      `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
        xmlns:i="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" xmp:Rating="4">
      <i:AltTextAccessibility><rdf:Alt><rdf:li xml:lang="x-default">Ein Boot &amp; ein Steg</rdf:li></rdf:Alt></i:AltTextAccessibility>
      <dc:description><rdf:Alt><rdf:li xml:lang="x-default">From XMP</rdf:li></rdf:Alt></dc:description>
      <dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Dora</rdf:li></rdf:Alt></dc:rights>
      <dc:subject><rdf:Bag><rdf:li>Sea</rdf:li><rdf:li>boat</rdf:li></rdf:Bag></dc:subject>
      </rdf:Description></rdf:RDF></x:xmpmeta>`,
    )
    .jpeg({ quality: 90 })
    .toBuffer()

export const makeCmykJpeg = (shape: Shape = {}) =>
  draw(shape).toColourspace('cmyk').jpeg({ quality: 90 }).toBuffer()

export const makeProgressiveJpeg = (shape: Shape = {}) =>
  draw(shape).jpeg({ quality: 90, progressive: true }).toBuffer()

export const makePng = (shape: Shape = {}) => draw(shape).png().toBuffer()

/** The lower half is three quarters transparent. */
export const makeTransparentPng = (shape: Shape = {}) => draw(shape, 4).png().toBuffer()

/** 16 bits per channel, in Display P3. */
export const makeDeepPng = (shape: Shape = {}) =>
  draw(shape).toColourspace('rgb16').withIccProfile('p3').png().toBuffer()

export const makeWebp = (shape: Shape = {}) => draw(shape).webp().toBuffer()

export const makeAvif = (shape: Shape = {}) => draw(shape).avif({ effort: 0 }).toBuffer()

export const makeGif = (shape: Shape = {}) => draw(shape).gif().toBuffer()

export const makeTiff = (shape: Shape = {}) => draw(shape).tiff().toBuffer()

const DELAY_MS = 80

export const makeAnimatedGif = async (frames = 5, shape: Shape = {}) =>
  (await animate(frames, shape))
    .gif({ delay: new Array(frames).fill(DELAY_MS), loop: 3 })
    .toBuffer()

export const makeAnimatedWebp = async (frames = 5, shape: Shape = {}) =>
  (await animate(frames, shape))
    .webp({ delay: new Array(frames).fill(DELAY_MS), loop: 3, effort: 0 })
    .toBuffer()

async function animate(frames: number, { seed = 1, ...shape }: Shape): Promise<Sharp> {
  const images = Array.from({ length: frames }, (_, index) =>
    makePng({ ...shape, seed: seed + index }),
  )
  return sharp(await Promise.all(images), { join: { animated: true } })
}

/** A decoder without support for APNG shows the first frame. */
export async function makeAnimatedPng(): Promise<Buffer> {
  const png = await makePng({ width: 8, height: 8 })
  const [header, rest] = [png.subarray(0, 33), png.subarray(33)]
  const uint32 = (...values: number[]) => {
    const bytes = Buffer.alloc(values.length * 4)
    for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
    return bytes
  }
  const control = (sequence: number) =>
    pngChunk(
      'fcTL',
      Buffer.concat([uint32(sequence, 8, 8, 0, 0), Buffer.from([0, 1, 0, 10, 0, 0])]),
    )
  const blank = deflateSync(Buffer.alloc(8 * (1 + 8 * 3)))
  const second = [control(1), pngChunk('fdAT', Buffer.concat([uint32(2), blank]))]
  const end = rest.subarray(-12)
  return Buffer.concat([
    header,
    pngChunk('acTL', uint32(2, 0)),
    control(0),
    rest.subarray(0, -12),
    ...second,
    end,
  ])
}

/** A PNG of 41 bytes that claims any size. The data that it announces is missing. */
export function makeClaimingPng(
  width = 786_464,
  height = 32,
  { depth = 8, color = 2, interlace = 0 } = {},
): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([depth, color, 0, 0, interlace], 8)
  const signature = Buffer.from('89504e470d0a1a0a', 'hex')
  const announcement = Buffer.from('\0\0\x10\0IDAT', 'latin1')
  return Buffer.concat([signature, pngChunk('IHDR', header), announcement])
}

/** An animation of one pixel in very many frames, 15 bytes each. */
export function makeGifBomb(frames = 40_000): Buffer {
  const screen = Buffer.from('GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1')
  const frame = Buffer.from(',\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0', 'latin1')
  return Buffer.concat([screen, ...new Array(frames).fill(frame), Buffer.from([0x3b])])
}

/** A small file that takes seconds to decode: one large frame of one colour, repeated. */
export async function makeSlowGif(frames = 2000): Promise<Buffer> {
  const flat = { width: 1000, height: 1000, channels: 3 as const, background: '#468' }
  const gif = await sharp({ create: flat }).gif().toBuffer()
  const start = 13 + 3 * 2 ** ((gif.readUInt8(10) % 8) + 1)
  const frame = gif.subarray(start, -1)
  return Buffer.concat([gif.subarray(0, start), ...new Array(frames).fill(frame), gif.subarray(-1)])
}

export const makeSvg = () =>
  Buffer.from(
    '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>',
  )

export const makeHtml = () =>
  Buffer.from('<!doctype html><html><body><script>alert(1)</script></body></html>')

/** The first box of a HEIC file, and nothing else. */
export const makeHeicHeader = () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')

/** The first box of an animated AVIF, and nothing else. */
export const makeAnimatedAvifHeader = () =>
  Buffer.from('\0\0\0\x18ftypavis\0\0\0\0avifavis', 'latin1')

/** Returns the first half. */
export const cutShort = (image: Buffer) => image.subarray(0, image.length >> 1)

/** Overwrites the end of the compressed data; all markers and lengths stay. */
export function spoilEnd(jpeg: Buffer): Buffer {
  const spoilt = Buffer.from(jpeg)
  return spoilt.fill(0xff, spoilt.length - (spoilt.length >> 4), spoilt.length - 2)
}

/** A file that is an image to one program and a ZIP archive to another. */
export const appendZip = (image: Buffer) =>
  Buffer.concat([image, Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)])
