import { stat } from 'node:fs/promises'
import sharp, { type FailOnOptions, type Sharp } from 'sharp'
import { FORMATS, type Format } from '../formats.ts'
import { findConversion, ignoresProfile, toPixels } from './colour/conversion.ts'
import { refusalOfUnknown } from './identify.ts'
import { Refusal } from './refusal.ts'
import type { Header } from './tasks.ts'

/** sRGB, 8 bits per channel, upright. */
export interface Pixels {
  data: Buffer
  width: number
  height: number
  channels: 3 | 4
}

/**
 * Reads what the file says of itself and decodes nothing.
 * @throws Refusal of what is none of the accepted formats, or so damaged that it does not say
 */
export async function readHeader(path: string): Promise<Header> {
  // A file that is not there is no fault of the image.
  const { size } = await stat(path)
  if (size === 0) throw new Refusal('content', 'The file is empty.')
  const metadata = await sharp(path, { failOn: 'error', limitInputPixels: false })
    .metadata()
    .catch(async (error) => {
      throw await refusalOfUnknown(path, error)
    })
  const format = toFormat(metadata)
  if (!format) throw await refusalOfUnknown(path)
  // Of an AVIF that holds several pictures the primary one counts; they are no animation.
  const frames = format === 'avif' ? 1 : (metadata.pages ?? 1)
  const { width, height } = isOriented({ frames }) ? metadata.autoOrient : metadata
  const conversion = await findConversion(path, format, metadata)
  const bytesPerPixel = (metadata.channels ?? 4) * (metadata.depth === 'ushort' ? 2 : 1)
  const isHeldWhole = metadata.isProgressive === true
  return { format, width, height, frames, bytesPerPixel, isHeldWhole, conversion }
}

/** The container of AVIF is also that of HEIC and others. */
function toFormat(metadata: {
  format: string
  compression?: string | undefined
}): Format | undefined {
  if (metadata.format === 'heif') return metadata.compression === 'av1' ? 'avif' : undefined
  return Object.keys(FORMATS).find((name): name is Format => name === metadata.format)
}

/** The frames of an animation lie below one another, which rules turning them out. */
const isOriented = ({ frames }: Pick<Header, 'frames'>) => frames === 1

/**
 * Decodes the first frame, scaled down to fit a square. A JPEG is scaled while it is decoded, which
 * still reads all of its data.
 *
 * @throws Refusal of an image that is damaged or cut short
 */
export async function decodeFirstFrame(
  path: string,
  header: Header,
  fit: number,
  failOn: FailOnOptions = 'error',
): Promise<Pixels> {
  const warnings: string[] = []
  const opened = openImage(path, header, failOn).on('warning', (text) => warnings.push(text))
  const pixels = await toPixels(fitInto(opened, fit), header.conversion).catch((error) => {
    throw damaged(header, error)
  })
  const damage = warnings.find((text) => JPEG_DAMAGE.test(text))
  if (failOn === 'warning' && damage !== undefined) throw damaged(header, damage)
  return pixels
}

/**
 * What libjpeg says of scan data that cannot be decoded. It calls that a warning, as it does
 * harmless oddities that the files of some cameras have (stray bytes between segments).
 */
const JPEG_DAMAGE = /premature end|bad Huffman code|bad arithmetic code|found marker/

/**
 * As `decodeFirstFrame`, and refuses also a JPEG whose scan data is spoilt. libvips asks for
 * warnings before each strip of lines it reads, and tells of those of the last strip when it has
 * ended.
 */
export async function decodeUpload(path: string, header: Header, fit: number): Promise<Pixels> {
  if (header.format === 'jpeg') {
    try {
      return await decodeFirstFrame(path, header, fit, 'warning')
    } catch (error) {
      if (!(error instanceof Refusal) || JPEG_DAMAGE.test(String(error.cause))) throw error
    }
  }
  return decodeFirstFrame(path, header, fit)
}

/**
 * Decodes every frame of an animation and keeps none.
 * @throws Refusal of an animation that is damaged or cut short
 */
export async function decodeEveryFrame(path: string, header: Header): Promise<void> {
  if (header.frames === 1) return
  // To a few pixels each, by averaging: that asks for every pixel and costs least.
  await openImage(path, header, 'error', { animated: true })
    .resize(8, 8, { fit: 'fill', kernel: 'linear', withoutEnlargement: true })
    .raw()
    .toBuffer()
    .catch((error) => {
      throw damaged(header, error)
    })
}

export const fitInto = (image: Sharp, fit: number): Sharp =>
  image.resize(fit, fit, { fit: 'inside', withoutEnlargement: true })

export function openImage(
  path: string,
  header: Header,
  failOn: FailOnOptions,
  { animated = false } = {},
): Sharp {
  return sharp(path, {
    // Not one more that `withGifTransparency` may have put behind them.
    ...(animated && { pages: header.frames }),
    failOn,
    autoOrient: isOriented(header),
    ignoreIcc: ignoresProfile(header.conversion),
    // What the limits were checked against, should the decoder find more.
    limitInputPixels: header.width * header.height * header.frames,
  })
}

/** libheif decodes all layers of an AVIF, of which the file says that only a smaller one is its picture. */
const LAYERED = /exceeds the maximum image size/

export function damaged({ format }: Pick<Header, 'format'>, cause?: unknown): Refusal {
  const { name } = FORMATS[format]
  if (format === 'avif' && LAYERED.test(String(cause))) {
    const detail =
      'The AVIF image has layers of several sizes and shows one of them, which the decoder cannot do; an AVIF without layers is accepted.'
    return new Refusal('content', detail, cause)
  }
  const detail = `The ${name} image is damaged or cut short and cannot be decoded completely.`
  return new Refusal('content', detail, cause)
}
