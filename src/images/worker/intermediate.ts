import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import sharp from 'sharp'
import type { Pixels } from './colour/conversion.ts'
import type { Encoded } from './finish.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** An intermediate image is read by this process alone. One with transparency is pixels, which need no decoder. */
export type IntermediateExtension = 'jpg' | 'pixels'

/** Starts the form with transparency. Then follow width and height as 32 bits, and RGBA under Zstandard. */
const MAGIC = Buffer.from('VtrPix1\n', 'latin1')
const HEAD_BYTES = MAGIC.length + 8
const JPEG_START = Buffer.from([0xff, 0xd8, 0xff])

/**
 * Writes upright pixels in sRGB so that they are read fast: as a JPEG of high quality or, with transparency, as
 * they are. WebP and PNG are no faster to decode than most originals.
 */
export async function encodeIntermediate(
  pixels: Pixels,
): Promise<Encoded & { extension: IntermediateExtension }> {
  const { data, width, height, channels } = pixels
  const size = { width, height }
  if (channels === 3 || isOpaque(data)) {
    const image = sharp(data, { raw: { width, height, channels } })
    const jpeg = await image.jpeg({ quality: 92, chromaSubsampling: '4:4:4' }).toBuffer()
    return { data: jpeg, ...size, extension: 'jpg' }
  }
  const head = Buffer.alloc(HEAD_BYTES)
  MAGIC.copy(head)
  head.writeUInt32BE(width, MAGIC.length)
  head.writeUInt32BE(height, MAGIC.length + 4)
  const packed = await compress(data, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
  return { data: Buffer.concat([head, packed]), ...size, extension: 'pixels' }
}

export function isOpaque(rgba: Buffer): boolean {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 255) return false
  return true
}

/**
 * Reads an intermediate image: pixels, or a JPEG that the caller decodes.
 * @throws Error if the file is neither, or is damaged
 */
export async function readIntermediate(path: string): Promise<Pixels | 'jpeg'> {
  const file = await readFile(path)
  if (file.subarray(0, JPEG_START.length).equals(JPEG_START)) return 'jpeg'
  if (file.length < HEAD_BYTES || !file.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new Error('The intermediate image is of no known form')
  }
  const width = file.readUInt32BE(MAGIC.length)
  const height = file.readUInt32BE(MAGIC.length + 4)
  const bytes = width * height * 4
  const data = await decompress(file.subarray(HEAD_BYTES), { maxOutputLength: bytes })
  if (data.length !== bytes) throw new Error('The intermediate image is cut short')
  return { data, width, height, channels: 4 }
}
