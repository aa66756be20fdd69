import { stat } from 'node:fs/promises'
import sharp, { type FailOnOptions, type Metadata, type Sharp } from 'sharp'
import { ALL_FORMATS, FORMATS, type Format } from '../formats.ts'
import type { Plan } from '../plan/plan.ts'
import { type Turn, turnArea, turnOfOrientation, turnSize, undo } from '../plan/turn.ts'
import { claimsAnimation, readApng } from './apng.ts'
import { findConversion, ignoresProfile, type Pixels, toPixels } from './colour/conversion.ts'
import { isTiff, refusalOfUnknown } from './refuse-unknown.ts'
import { type Decoded, type Header, type HeaderOptions, Refusal } from './tasks.ts'

/**
 * Reads the header of a file and decodes no pixels.
 * @throws Refusal if the format is not accepted, or if the header is damaged
 */
export async function readHeader(
  path: string,
  { formats = ALL_FORMATS, isStill = false, decoded }: HeaderOptions = {},
): Promise<Header> {
  if (decoded) return readPixelHeader(path, decoded)
  // First, because a missing file is a server fault and not a refusal.
  const { size } = await stat(path)
  if (size === 0) throw new Refusal('content', 'The file is empty.')
  const metadata = await sharp(path, { failOn: 'error', limitInputPixels: false })
    .metadata()
    .catch(async (error) => {
      throw await refusalOfUnknown(path, formats, error)
    })
  const format = toFormat(metadata)
  if (!format || !formats.includes(format)) throw await refusalOfUnknown(path, formats)
  if (format === 'tiff') await checkTiff(path, metadata, formats)
  const animation = format === 'png' && !isStill ? await findAnimation(path) : undefined
  const frames =
    animation?.frames.length ?? (HOLDS_OTHERS.includes(format) ? 1 : (metadata.pages ?? 1))
  const unshown = HOLDS_OTHERS.includes(format) ? (metadata.pages ?? 1) - 1 : 0
  const { width, height } = isOriented({ frames }) ? metadata.autoOrient : metadata
  const orientation = isOriented({ frames }) ? metadata.orientation : undefined
  const conversion = await findConversion(path, format, metadata)
  return {
    format,
    width,
    height,
    frames,
    ...(unshown > 0 && { unshown }),
    orientation,
    bytesPerPixel: (metadata.channels ?? 4) * (BYTES_OF_DEPTH[metadata.depth ?? ''] ?? 1),
    // A TIFF may be one strip, which is decoded at once.
    isHeldWhole: metadata.isProgressive === true || format === 'tiff',
    conversion,
    ...(animation && {
      timing: { delay: animation.frames.map(({ delayMs }) => delayMs), loop: animation.loop },
    }),
  }
}

/** The header of a file of pixels, with the colour that the decoded file declares. */
async function readPixelHeader(path: string, decoded: Decoded): Promise<Header> {
  const metadata = await sharp(path, { limitInputPixels: false }).metadata()
  const { format, original, ...claimed } = decoded
  const conversion = await findConversion(original, format, metadata)
  return { format, ...claimed, conversion }
}

/** An AVIF or TIFF may hold several pictures, which are no animation. The primary or first one counts. */
const HOLDS_OTHERS: readonly Format[] = ['avif', 'tiff']

/** Bytes of one channel, by sharp's names. */
const BYTES_OF_DEPTH: Readonly<Record<string, number>> = { ushort: 2, short: 2, float: 4 }

const findAnimation = async (path: string) =>
  (await claimsAnimation(path)) ? readApng(path) : undefined

/**
 * Cameras keep raw images in files of this format, of which the decoder would show the preview.
 * @throws Refusal of a raw image, and of values that have no black and white
 */
async function checkTiff(path: string, { depth, space }: Metadata, formats: readonly Format[]) {
  if (!(await isTiff(path))) throw await refusalOfUnknown(path, formats)
  const isBounded = depth === 'uchar' || depth === 'ushort' || space === 'lab'
  if (isBounded) return
  const detail =
    'The TIFF image has values of more than 16 bits or with a sign, of which none is white; 1 to 16 bits a channel are accepted.'
  throw new Refusal('content', detail)
}

/** The container of AVIF is shared with HEIC and others, so `heif` needs the compression too. */
function toFormat(metadata: {
  format: string
  compression?: string | undefined
}): Format | undefined {
  if (metadata.format === 'heif') return metadata.compression === 'av1' ? 'avif' : undefined
  return ALL_FORMATS.find((name) => name === metadata.format)
}

/** The decoder stacks the frames of an animation below one another, so they cannot be rotated. */
const isOriented = ({ frames }: Pick<Header, 'frames'>) => frames === 1

/**
 * Decodes the first frame, scaled down to fit a square. A JPEG is scaled during decoding, but all of its
 * data is read.
 *
 * @throws Refusal if the image is damaged or cut short
 */
export async function decodeFirstFrame(
  path: string,
  header: Header,
  fit: number,
  failOn: FailOnOptions = 'error',
): Promise<Pixels> {
  const warnings: string[] = []
  const opened = openImage(path, header, { failOn }).on('warning', (text) => warnings.push(text))
  const pixels = await toPixels(fitInto(opened, fit), header.conversion).catch((error) => {
    throw damaged(header, error)
  })
  const damage = warnings.find((text) => JPEG_DAMAGE.test(text))
  if (failOn === 'warning' && damage !== undefined) throw damaged(header, damage)
  return pixels
}

/**
 * Decodes what a plan takes of an image: one frame, scaled and cut.
 * @returns pixels as they are stored, which the header's `orientation` makes upright
 * @throws Refusal if the image is damaged or cut short
 */
export async function decodePart(
  path: string,
  header: Header,
  plan: Plan,
  scaling: Scaling = {},
): Promise<Pixels> {
  // If sharp made it upright, it would do so before it cuts, and decode a JPEG in full size.
  const opened = openImage(path, header, { page: plan.frame, autoOrient: false })
  const part = scaleAndCut(opened, plan, turnOfOrientation(header.orientation), scaling)
  return toPixels(part, header.conversion).catch((error) => {
    throw damaged(header, error)
  })
}

interface Scaling {
  /** Whether a JPEG may be scaled during decoding to less than twice the size of the result: fast, and less sharp. */
  fastShrinkOnLoad?: boolean
}

/** @param stored the turn that makes the pixels of the image upright, as those of the plan are */
export function scaleAndCut(
  image: Sharp,
  { scale, cut }: Plan,
  stored: Turn,
  scaling: Scaling = {},
): Sharp {
  const { width, height } = turnSize(scale, undo(stored))
  const scaled = image.resize(width, height, { fit: 'fill', ...scaling })
  return cut ? scaled.extract(turnArea(cut, scale, undo(stored))) : scaled
}

/**
 * Messages of libjpeg about scan data that cannot be decoded. It reports them as warnings, like the harmless
 * oddities in files of some cameras (stray bytes between segments).
 */
const JPEG_DAMAGE = /premature end|bad Huffman code|bad arithmetic code|found marker/

/**
 * Like `decodeFirstFrame`, but also refuses a JPEG with damaged scan data. libvips checks for warnings before
 * it reads each strip of lines, and reports those of the last strip when it has ended.
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
 * @throws Refusal if the animation is damaged or cut short
 */
export async function decodeEveryFrame(path: string, header: Header): Promise<void> {
  if (header.frames === 1) return
  // Averaging to a few pixels reads every pixel at the lowest cost.
  await openAnimation(path, header)
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
  {
    failOn = 'error',
    autoOrient = isOriented(header),
    ...pages
  }: { failOn?: FailOnOptions; autoOrient?: boolean; page?: number; pages?: number } = {},
): Sharp {
  return sharp(path, {
    ...pages,
    failOn,
    autoOrient,
    ignoreIcc: ignoresProfile(header.conversion),
    // The limits were checked against this size, so the decoder must not find more.
    limitInputPixels: header.width * header.height * header.frames,
  })
}

/** Opens all frames, without the one more that `withGifTransparency` may have appended. */
export const openAnimation = (path: string, header: Header): Sharp =>
  openImage(path, header, { pages: header.frames })

/** libheif decodes all layers of an AVIF, even if the file says that only a smaller layer is its picture. */
const LAYERED = /exceeds the maximum image size/

export function damaged({ format }: Pick<Header, 'format'>, cause?: unknown): Refusal {
  const { name } = FORMATS[format]
  if (format === 'avif' && LAYERED.test(String(cause))) {
    const detail =
      'The AVIF image has layers of several sizes, which the decoder does not support; an AVIF without layers is accepted.'
    return new Refusal('content', detail, cause)
  }
  const detail = `The ${name} image is damaged or cut short and cannot be decoded completely.`
  return new Refusal('content', detail, cause)
}
