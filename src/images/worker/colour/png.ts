import { type CodePoints, type Colour, colourOf, isSrgb, SRGB } from './code-points.ts'
import type { Declared } from './declared.ts'
import type { ReadAt } from './heif-boxes.ts'
import { isUsable, primariesMatrix } from './matrix.ts'

const SIGNATURE_BYTES = 8
/** Length, type and checksum. */
const FRAME_BYTES = 12
/** Of what is read here none is longer. */
const MAX_CHUNK_BYTES = 64
/** Against files that are nothing but chunks. */
const MAX_CHUNKS = 512

/** 1/2.2, which is what sRGB is called where there is no other way to say it. */
const USUAL_GAMMA = 45_455
/** Where gammas are taken for the same. */
const GAMMA_TOLERANCE = 0.05

/**
 * What a PNG declares, by the precedence of its specification (third edition, 4.3): `cICP`, `iCCP`, `sRGB`,
 * then `gAMA` with `cHRM`.
 */
export async function readPngColour(readAt: ReadAt): Promise<Declared> {
  const chunks = await readChunks(readAt)
  const codePoints = readCicp(chunks.get('cICP'))
  const colour =
    codePoints && colourOf(codePoints, readPeak(chunks.get('cLLI'), chunks.get('mDCV')))
  // sRGB needs no conversion, but must be told where a profile says otherwise.
  if (colour) return isSrgb(codePoints) && !chunks.has('iCCP') ? {} : { colour }
  if (chunks.has('iCCP') || chunks.has('sRGB')) return {}
  return { colour: colourOfGamma(chunks.get('gAMA'), chunks.get('cHRM')) }
}

/** The chunks before the pixels, by their types; of those alone that are short, more than their names. */
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

/** What is not of RGB, or not of the full range, cannot be meant. */
function readCicp(data: Buffer | undefined): CodePoints | undefined {
  if (data?.length !== 4) return undefined
  const [primaries = 0, transfer = 0, matrix = 0, range = 0] = data
  return matrix === 0 && range === 1 ? { primaries, transfer } : undefined
}

/** Of the content by `cLLI`, else of the display it was made on by `mDCV`; both in ten-thousandths. */
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

/** In the file white comes first, and all are hundred-thousandths. */
function readChromaticities(data: Buffer | undefined): Colour['primaries'] | undefined {
  if (data?.length !== 32) return undefined
  const [whiteX = 0, whiteY = 0, redX = 0, redY = 0, greenX = 0, greenY = 0, blueX = 0, blueY = 0] =
    Array.from({ length: 8 }, (_, index) => data.readUInt32BE(index * 4) / 100_000)
  const primaries = [redX, redY, greenX, greenY, blueX, blueY, whiteX, whiteY] as const
  return isUsable(primariesMatrix(primaries)) ? primaries : undefined
}
