/** Small images of one colour. They declare it by other means than an ICC profile for RGB. */
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { pngChunk } from '../../../../test/hostile/pieces.ts'
import { readSequenceColours } from './av1-sequence.ts'

const SIZE = 16

export type Rgb = readonly [red: number, green: number, blue: number]

/** Puts the chunks right after the header. */
export async function makePngWith(rgb: Rgb, ...chunks: Buffer[]): Promise<Buffer> {
  const [r, g, b] = rgb
  const create = { width: SIZE, height: SIZE, channels: 3, background: { r, g, b } } as const
  return insert(await sharp({ create }).png().toBuffer(), chunks)
}

export async function makeTransparentPngWith(rgb: Rgb, alpha: number, ...chunks: Buffer[]) {
  const [r, g, b] = rgb
  const background = { r, g, b, alpha: alpha / 255 }
  const create = { width: SIZE, height: SIZE, channels: 4, background } as const
  return insert(await sharp({ create }).png().toBuffer(), chunks)
}

export async function makePalettePngWith(rgb: Rgb, ...chunks: Buffer[]): Promise<Buffer> {
  return insert(
    await sharp(await makePngWith(rgb))
      .png({ palette: true })
      .toBuffer(),
    chunks,
  )
}

/** @param values 16-bit values: one for gray, three for red, green and blue */
export function makeDeepPngWith(values: readonly number[], ...chunks: Buffer[]): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(SIZE, 0)
  header.writeUInt32BE(SIZE, 4)
  header.set([16, values.length === 1 ? 0 : 2, 0, 0, 0], 8)
  const pixel = Buffer.alloc(values.length * 2)
  for (const [index, value] of values.entries()) pixel.writeUInt16BE(value, index * 2)
  const row = Buffer.concat([Buffer.alloc(1), ...new Array<Buffer>(SIZE).fill(pixel)])
  const pixels = deflateSync(Buffer.concat(new Array<Buffer>(SIZE).fill(row)))
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    pngChunk('IHDR', header),
    ...chunks,
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

const insert = (png: Buffer, chunks: Buffer[]): Buffer =>
  Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)])

export const cicp = (primaries: number, transfer: number, matrix = 0, range = 1): Buffer =>
  pngChunk('cICP', Buffer.from([primaries, transfer, matrix, range]))

/** @param value value in the chunk: 100,000 is linear light */
export const gama = (value: number): Buffer => pngChunk('gAMA', uint32(value))

/** White, red, green and blue, in units of 0.00001. */
export const chrm = (...values: number[]): Buffer => pngChunk('cHRM', uint32(...values))

export const P3_CHRM = chrm(31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6000)

/** @param peak candela per square metre */
export const clli = (peak: number): Buffer => pngChunk('cLLI', uint32(peak * 10_000, 0))

export const mdcv = (peak: number): Buffer =>
  pngChunk('mDCV', Buffer.concat([Buffer.alloc(16), uint32(peak * 10_000, 50)]))

export const iccp = (profile: Buffer): Buffer =>
  pngChunk('iCCP', Buffer.concat([Buffer.from('x\0\0', 'latin1'), deflateSync(profile)]))

function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
  return bytes
}

/** A lossless AVIF with these code points in its `nclx`. */
export async function makeAvifWith(rgb: Rgb, primaries: number, transfer: number) {
  const avif = await sharp(await makePngWith(rgb))
    .avif({ lossless: true })
    .toBuffer()
  const at = avif.indexOf('colrnclx') + 8
  avif.writeUInt16BE(primaries, at)
  avif.writeUInt16BE(transfer, at + 2)
  return avif
}

/** The 8-bit colour 200, 30, 30, stored with 10 bits, BT.2020 and PQ. */
export const makePqAvif = () =>
  Buffer.from(
    [
      'AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGlj',
      'dAAAAAAAAAAAAAAAAGxpYmF2aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAA',
      'ACkAAAAoaWluZgAAAAAAAQAAABppbmZlAgAAAAABAABhdjAxQ29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRp',
      'c3BlAAAAAAAAAEAAAABAAAAAEHBpeGkAAAAAAwoKCgAAAAxhdjFDgSBAAAAAABNjb2xybmNseAAJABAACYAA',
      'AAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAADFtZGF0EgAKCTgVf/2MJEAmQDIaEAAAwbTKacW/z9cQ9w9WQ77v',
      'MM7+L3dM6KA=',
    ].join(''),
    'base64',
  )

/** 4:0:0, gray 128, with a profile of gamma 1. Its `nclx` only declares the full range. */
export const makeGrayAvif = () =>
  Buffer.from(
    [
      'AAAAHGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZgAAAkltZXRhAAAAAAAAAChoZGxyAAAAAAAAAABwaWN0AAAA',
      'AAAAAAAAAAAAbGliYXZpZgAAAAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAJtAAAAEQAA',
      'AChpaW5mAAAAAAABAAAAGmluZmUCAAAAAAEAAGF2MDFDb2xvcgAAAAHBaXBycAAAAaFpcGNvAAAAFGlzcGUA',
      'AAAAAAAAQAAAAEAAAAAOcGl4aQAAAAABCAAAAAxhdjFDgQAcAAAAAVhjb2xycHJvZgAAAUwAAAAAAkAAAG1u',
      'dHJHUkFZWFlaIAAAAAAAAAAAAAAAAGFjc3AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD21gABAAAA',
      'ANMtAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABGRlc2MAAAC0',
      'AAAAaGNwcnQAAAEcAAAADHd0cHQAAAEoAAAAFGtUUkMAAAE8AAAAEGRlc2MAAAAAAAAABWdyYXkAAAAAAAAA',
      'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      'AAAAAAAAAAAAAAAAAAAAAAAAdGV4dAAAAABjYzAAWFlaIAAAAAAAAPbWAAEAAAAA0y1jdXJ2AAAAAAAAAAEB',
      'AAAAAAAAE2NvbHJuY2x4AAIAAgACgAAAABhpcG1hAAAAAAAAAAEAAQUBAoMEBQAAABltZGF0EgAKBhgVf/2F',
      'QDIFEAC9IYQ=',
    ].join(''),
    'base64',
  )

/** The profile of `makeGrayAvif`. */
export function makeGrayProfile(): Buffer {
  const avif = makeGrayAvif()
  const at = avif.indexOf('colrprof') + 8
  return avif.subarray(at, at + avif.readUInt32BE(at))
}

/** `makeGrayAvif` without the profile, and with the limited range. */
export function makeLimitedGrayAvif(): Buffer {
  const avif = makeGrayAvif()
  avif.write('free', avif.indexOf('colrprof'), 'latin1')
  avif.writeUInt8(0, avif.indexOf('colrnclx') + 14)
  return avif
}

/** Red with the opacity 235, which is the maximum of the limited range. */
export async function makeLimitedAlphaAvif(): Promise<Buffer> {
  const png = await makeTransparentPngWith([200, 30, 30], 235)
  const avif = await sharp(png).avif({ lossless: true }).toBuffer()
  // Units of the second item: a temporal delimiter, and the sequence header.
  const units = avif.subarray(avif.lastIndexOf(Buffer.from([0x12, 0, 0x0a])))
  // The last bit with this effect is the range flag itself. Earlier bits shift the fields that are read.
  for (let bit = units.length * 8 - 1; bit >= 0; bit--) {
    flip(units, bit)
    const colours = readSequenceColours(units)
    if (colours?.isMonochrome && !colours.isFullRange && colours.primaries === 2) return avif
    flip(units, bit)
  }
  throw new Error('There is no bit for the range.')
}

function flip(bytes: Buffer, bit: number) {
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (0x80 >> (bit & 7)), bit >> 3)
}
