import { crc32, deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import type { CodePoints } from './code-points.ts'

/** Length of a PNG's signature and its chunk `IHDR`. */
const HEADER_BYTES = 33

/** The colour space of the pixels that an ICC profile describes: ICC.1:2022, 7.2.6. */
export const spaceOf = (profile: Buffer): string => profile.toString('latin1', 16, 20).trim()

const HEADER_END = 128
/** Guards against profiles with endless tags. */
const MAX_TAGS = 256

/** The code points that an ICC profile declares besides its curves: ICC.1:2022, 9.2.17 and 10.3. */
export function codePointsOf(profile: Buffer): CodePoints | undefined {
  if (profile.length < HEADER_END + 4) return undefined
  const count = Math.min(profile.readUInt32BE(HEADER_END), MAX_TAGS)
  for (let tag = 0; tag < count; tag++) {
    const entry = profile.subarray(HEADER_END + 4 + tag * 12, HEADER_END + 16 + tag * 12)
    if (entry.length < 12) return undefined
    if (entry.toString('latin1', 0, 4) !== 'cicp') continue
    const [primaries, transfer] = profile.subarray(entry.readUInt32BE(4)).subarray(8, 10)
    return primaries === undefined || transfer === undefined ? undefined : { primaries, transfer }
  }
  return undefined
}

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
