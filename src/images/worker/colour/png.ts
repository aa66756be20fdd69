import {
  type CodePoints,
  type Colour,
  colourOf,
  type Declared,
  isSrgb,
  SRGB,
} from './code-points.ts'
import type { ReadAt } from './heif-boxes.ts'
import { isUsable, primariesMatrix } from './matrix.ts'

const SIGNATURE_BYTES = 8
/** Length, type and checksum. */
const FRAME_BYTES = 12
/** No chunk that is used here is longer. */
const MAX_CHUNK_BYTES = 64
/** Guards against files with endless chunks. */
const MAX_CHUNKS = 512

/** 1/2.2: the `gAMA` of files that mean sRGB. */
const USUAL_GAMMA = 45_455
/** Gammas within this relative difference count as the same. */
const GAMMA_TOLERANCE = 0.05

/**
 * Reads the colour that a PNG declares, by the precedence of its specification (third edition, 4.3): `cICP`,
 * `iCCP`, `sRGB`, then `gAMA` with `cHRM`.
 */
export async function readPngColour(readAt: ReadAt): Promise<Declared> {
  const chunks = await readChunks(readAt)
  const codePoints = readCicp(chunks.get('cICP'))
  const colour =
    codePoints && colourOf(codePoints, readPeak(chunks.get('cLLI'), chunks.get('mDCV')))
  // sRGB needs no conversion, but it must override a different profile.
  if (colour) return isSrgb(codePoints) && !chunks.has('iCCP') ? {} : { colour }
  if (chunks.has('iCCP') || chunks.has('sRGB')) return {}
  return { colour: colourOfGamma(chunks.get('gAMA'), chunks.get('cHRM')) }
}

/** The chunks before the pixels, by type. The content of long chunks is cut. */
async function readChunks(readAt: ReadAt): Promise<Map<string, Buffer>> {
  const chunks = new Map<string, Buffer>()
  let at = SIGNATURE_BYTES
  for (let count = 0; count < MAX_CHUNKS; count++) {
    const bytes = await readAt(at, 8 + MAX_CHUNK_BYTES)
    if (bytes.length < 8) break
    const [length, type] = [bytes.readUInt32BE(0), bytes.toString('latin1', 4, 8)]
    if (type === 'IDAT') break
    if (!chunks.has(type))
      chunks.set(type, bytes.subarray(8, 8 + Math.min(length, MAX_CHUNK_BYTES)))
    at += FRAME_BYTES + length
  }
  return chunks
}

/** Undefined for a matrix or a limited range, which a PNG cannot have. */
function readCicp(data: Buffer | undefined): CodePoints | undefined {
  if (data?.length !== 4) return undefined
  const [primaries = 0, transfer = 0, matrix = 0, range = 0] = data
  return matrix === 0 && range === 1 ? { primaries, transfer } : undefined
}

/** Peak of the content (`cLLI`), else of the mastering display (`mDCV`). Both use units of 0.0001 cd/m². */
function readPeak(content: Buffer | undefined, display: Buffer | undefined): number | undefined {
  const ofContent = content?.length === 8 ? content.readUInt32BE(0) : 0
  const ofDisplay = display?.length === 24 ? display.readUInt32BE(16) : 0
  return (ofContent || ofDisplay) / 10_000 || undefined
}

function colourOfGamma(
  gamma: Buffer | undefined,
  chromaticities: Buffer | undefined,
): Colour | undefined {
  const value = gamma?.length === 4 ? gamma.readUInt32BE(0) : 0
  if (value === 0) return undefined
  const isUsual = Math.abs(value / USUAL_GAMMA - 1) < GAMMA_TOLERANCE
  const primaries = readChromaticities(chromaticities)
  if (isUsual && primaries === undefined) return undefined
  return { primaries: primaries ?? SRGB, transfer: { exponent: 100_000 / value } }
}

/** In the file, white is first, and all values are in units of 0.00001. */
function readChromaticities(data: Buffer | undefined): Colour['primaries'] | undefined {
  if (data?.length !== 32) return undefined
  const [whiteX = 0, whiteY = 0, redX = 0, redY = 0, greenX = 0, greenY = 0, blueX = 0, blueY = 0] =
    Array.from({ length: 8 }, (_, index) => data.readUInt32BE(index * 4) / 100_000)
  const primaries = [redX, redY, greenX, greenY, blueX, blueY, whiteX, whiteY] as const
  return isUsable(primariesMatrix(primaries)) ? primaries : undefined
}
