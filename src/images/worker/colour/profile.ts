import { crc32, deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'

/** Length of a PNG's signature and its chunk `IHDR`. */
const HEADER_BYTES = 33

/** The colour space of the pixels that an ICC profile describes: ICC.1:2022, 7.2.6. */
export const spaceOf = (profile: Buffer): string => profile.toString('latin1', 16, 20).trim()

/**
 * Applies an ICC profile to raw pixels, for formats whose decoder drops or ignores the profile.
 * @returns the image in sRGB
 */
export async function withProfile(
  data: Buffer,
  raw: { width: number; height: number; channels: 1 | 2 | 3 | 4 },
  profile: Buffer,
): Promise<Sharp> {
  const space = raw.channels < 3 ? 'b-w' : 'srgb'
  const png = await sharp(data, { raw })
    .toColourspace(space)
    .png({ compressionLevel: 0 })
    .toBuffer()
  const named = Buffer.concat([Buffer.from('profile\0\0', 'latin1'), deflateSync(profile)])
  const chunk = [
    png.subarray(0, HEADER_BYTES),
    makeChunk('iCCP', named),
    png.subarray(HEADER_BYTES),
  ]
  return sharp(Buffer.concat(chunk)).toColourspace('srgb')
}

/** A chunk of a PNG. */
export function makeChunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.length)
  bytes.writeUInt32BE(data.length, 0)
  bytes.write(type, 4, 'latin1')
  data.copy(bytes, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4)
  return bytes
}
