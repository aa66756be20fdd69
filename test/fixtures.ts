/** Small images of every kind, valid and hostile, generated as bytes. */
import { readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import sharp, { type Sharp, type TiffOptions } from 'sharp'
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

export const makeTiff = (shape: Shape = {}, options: TiffOptions = {}) =>
  draw(shape).tiff(options).toBuffer()

/** Two pages, of which the first is `makeTiff`. */
export async function makeTiffOfPages(shape: Shape = {}): Promise<Buffer> {
  const pages = [await makePng(shape), await makePng({ ...shape, seed: 2 })]
  return sharp(pages, { join: { animated: true } })
    .tiff()
    .toBuffer()
}

/** As a program for drawings writes it: no size in pixels, but a ratio of 4 to 3. Red on the left, blue on the right. */
export const makeDrawing = (seed = 1) =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 48"><!-- ${seed} --><path d="M0 0h32v48H0z" fill="#dc0808"/><path d="M32 0h32v48H32z" fill="#0808dc"/></svg>`,
  )

/** A JPEG in which an area is marked as a face. */
export const makePortrait = (shape: Shape = {}) =>
  draw(shape)
    .withXmp(
      `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"><mwg-rs:Regions rdf:parseType="Resource">
      <mwg-rs:RegionList><rdf:Bag><rdf:li rdf:parseType="Resource"><mwg-rs:Type>Face</mwg-rs:Type></rdf:li></rdf:Bag></mwg-rs:RegionList>
      </mwg-rs:Regions></rdf:Description></rdf:RDF></x:xmpmeta>`,
    )
    .jpeg()
    .toBuffer()

/** 24 bits a pixel, the last row first. */
export async function makeBmp(shape: Shape = {}): Promise<Buffer> {
  const { data, info } = await draw(shape).raw().toBuffer({ resolveWithObject: true })
  const { width, height } = info
  const rowBytes = Math.ceil((width * 3) / 4) * 4
  const bytes = Buffer.alloc(54 + rowBytes * height)
  bytes.write('BM', 0, 'latin1')
  bytes.writeUInt32LE(bytes.length, 2)
  bytes.writeUInt32LE(54, 10)
  bytes.writeUInt32LE(40, 14)
  bytes.writeInt32LE(width, 18)
  bytes.writeInt32LE(height, 22)
  bytes.writeUInt16LE(1, 26)
  bytes.writeUInt16LE(24, 28)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = ((height - 1 - y) * width + x) * 3
      const [red = 0, green = 0, blue = 0] = data.subarray(from, from + 3)
      bytes.set([blue, green, red], 54 + y * rowBytes + x * 3)
    }
  }
  return bytes
}

/** A file of `test/formats`. */
export const readFixture = (name: string): Buffer =>
  readFileSync(new URL(`formats/${name}`, import.meta.url))

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

export interface ApngFrameShape {
  /** Red, green, blue and opacity of each pixel. */
  pixels: Buffer
  width: number
  height: number
  left?: number
  top?: number
  /** Seconds, as a fraction. */
  delay?: readonly [number, number]
  /** 0 leaves the frame, 1 makes its area transparent, 2 brings back what was there. */
  disposal?: number
  /** 0 replaces what is there, 1 is drawn over it. */
  blend?: number
  /** Whether this is only the image for decoders that know no animation. */
  isDefaultAlone?: boolean
}

/** The chunks of an animated PNG, of which a test may spoil some, between the signature and the end. */
export function makeApngChunks(
  canvas: { width: number; height: number },
  frames: readonly ApngFrameShape[],
  loop = 0,
): { type: string; data: Buffer }[] {
  const header = Buffer.concat([uint32(canvas.width, canvas.height), Buffer.from([8, 6, 0, 0, 0])])
  const count = frames.filter(({ isDefaultAlone }) => !isDefaultAlone).length
  const chunks = [
    { type: 'IHDR', data: header },
    { type: 'acTL', data: uint32(count, loop) },
  ]
  let sequence = 0
  for (const [index, frame] of frames.entries()) {
    const { width, height, left = 0, top = 0, delay = [1, 10], disposal = 0, blend = 0 } = frame
    if (!frame.isDefaultAlone) {
      const timing = Buffer.from([0, delay[0], 0, delay[1], disposal, blend])
      const place = uint32(sequence++, width, height, left, top)
      chunks.push({ type: 'fcTL', data: Buffer.concat([place, timing]) })
    }
    const rows = Array.from({ length: height }, (_, y) => [
      Buffer.alloc(1),
      frame.pixels.subarray(y * width * 4, (y + 1) * width * 4),
    ])
    const data = deflateSync(Buffer.concat(rows.flat()))
    if (index === 0) chunks.push({ type: 'IDAT', data })
    else chunks.push({ type: 'fdAT', data: Buffer.concat([uint32(sequence++), data]) })
  }
  return chunks
}

export const joinPng = (chunks: readonly { type: string; data: Buffer }[]): Buffer =>
  Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    ...[...chunks, { type: 'IEND', data: Buffer.of() }].map(({ type, data }) =>
      pngChunk(type, data),
    ),
  ])

function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
  return bytes
}

export async function makeAnimatedPng(frames = 2, shape: Shape = {}): Promise<Buffer> {
  const { width = 64, height = 48, seed = 1 } = shape
  const size = { width, height }
  const pixels = Array.from({ length: frames }, (_, index) =>
    draw({ ...size, seed: seed + index }, 4)
      .raw()
      .toBuffer(),
  )
  const shapes = (await Promise.all(pixels)).map((pixels) => ({ ...size, pixels }))
  return joinPng(makeApngChunks(size, shapes, 3))
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

/** With a script in it, which nothing runs. */
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
