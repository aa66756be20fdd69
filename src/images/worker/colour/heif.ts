import { readSequenceColours, type SequenceColours } from './av1-sequence.ts'
import { type CodePoints, type Colour, colourOf, type Declared, isSrgb } from './code-points.ts'
import {
  type Box,
  type HeifItems,
  type ReadAt,
  readFrameProperties,
  readHeifItems,
} from './heif-boxes.ts'

const UNSPECIFIED = 2

/** Chroma-derived matrices. With them, Chromium ignores the whole declaration. */
const CHROMA_DERIVED = [12, 13]

/** Bytes to read from the start of an item. Every sequence header ends within them. */
const HEADER_BYTES = 256

/**
 * Reads the colour that the frames of an animation declare, else the primary image of an AVIF or HEIC: in the `nclx` form of
 * its colour information (ISO/IEC 14496-12, 12.1.5), else in its bit stream. An ICC profile has precedence, as in
 * Chromium.
 */
export async function readHeifColour(readAt: ReadAt): Promise<Declared> {
  const items = await readHeifItems(readAt)
  if (!items) return {}
  const { primary } = items
  const item = await readItem(items, primary)
  const frames = await readFrameProperties(readAt)
  const own = frames.some(({ type }) => type === 'colr')
    ? { ...item, ...readProperties(frames) }
    : item
  const alphas = items.referringTo(primary, 'auxl').filter((item) => isAlpha(items, item))
  const alpha = alphas[0] === undefined ? undefined : await readItem(items, alphas[0])
  return {
    colour: own.hasProfile ? undefined : toColour(own),
    // The decoder expands the limited range only for coloured pixels.
    isGrayLimited: own.isMonochrome && !own.isFullRange,
    isAlphaLimited: alpha !== undefined && !alpha.isFullRange,
  }
}

interface ItemColours extends SequenceColours {
  hasProfile: boolean
  peak: number | undefined
}

async function readItem(items: HeifItems, item: number): Promise<ItemColours> {
  const properties = items.propertiesOf(item)
  const configuration = properties.find(({ type }) => type === 'av1C')?.data
  const said = readProperties(properties)
  return {
    ...UNKNOWN,
    ...(configuration && (await readBitStream(items, item, configuration, 'matrix' in said))),
    ...said,
  }
}

/** What the properties of an image, or of the frames of an animation, say themselves. */
function readProperties(properties: readonly Box[]) {
  const of = (name: string) =>
    properties.filter(({ type }) => type === name).map(({ data }) => data)
  const kind = (data: Buffer) => data.toString('latin1', 0, 4)
  const nclx = of('colr').find((data) => kind(data) === 'nclx' && data.length >= 11)
  const [content] = of('clli').filter(({ length }) => length >= 4)
  const [display] = of('mdcv').filter(({ length }) => length >= 20)
  return {
    ...(nclx && readNclx(nclx)),
    hasProfile: of('colr').some((data) => ['prof', 'rICC'].includes(kind(data))),
    peak: content?.readUInt16BE(0) || (display?.readUInt32BE(16) ?? 0) / 10_000 || undefined,
  }
}

const UNKNOWN: SequenceColours = {
  primaries: UNSPECIFIED,
  transfer: UNSPECIFIED,
  matrix: UNSPECIFIED,
  isFullRange: true,
  isMonochrome: false,
}

/** Reads the colours of the bit stream; only `isMonochrome` if there is an `nclx`. */
async function readBitStream(
  items: HeifItems,
  item: number,
  configuration: Buffer,
  isDescribed: boolean,
): Promise<Partial<SequenceColours>> {
  // AV1 Codec ISO Media File Format Binding, 2.3: the sequence header may follow these bytes.
  const isMonochrome = configuration.length > 2 && (configuration.readUInt8(2) & 0x10) > 0
  if (isDescribed) return { isMonochrome }
  return (
    readSequenceColours(configuration.subarray(4)) ??
    readSequenceColours(await items.readStart(item, HEADER_BYTES)) ?? { isMonochrome }
  )
}

const readNclx = (data: Buffer) => ({
  primaries: data.readUInt16BE(4),
  transfer: data.readUInt16BE(6),
  matrix: data.readUInt16BE(8),
  isFullRange: data.readUInt8(10) >= 0x80,
})

/** Transfers of cameras. Chromium shows them as sRGB in this container, but not in a PNG. */
const CAMERAS = [1, 6, 14, 15]

/** Unspecified code points mean sRGB. */
function toColour({ primaries, transfer, matrix, peak }: ItemColours): Colour | undefined {
  if (CHROMA_DERIVED.includes(matrix)) return undefined
  const codePoints: CodePoints = {
    primaries: primaries === UNSPECIFIED ? 1 : primaries,
    transfer: [UNSPECIFIED, ...CAMERAS].includes(transfer) ? 13 : transfer,
  }
  return isSrgb(codePoints) ? undefined : colourOf(codePoints, peak)
}

/** ISO/IEC 23008-12, 6.5.8 and 7.5.3.1. */
const isAlpha = (items: HeifItems, item: number): boolean =>
  items
    .propertiesOf(item)
    .some(({ type, data }) => type === 'auxC' && /alpha|auxid:1/.test(data.toString('latin1')))
