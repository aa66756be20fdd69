import sharp from 'sharp'
import type { Size } from '../plan/turn.ts'
import { writePixelFile } from '../worker/pixel-file.ts'
import { Refusal } from '../worker/tasks.ts'
import { type OpenFile, PIXELS_FD } from './protocol.ts'

/**
 * Pixels of the longer side of a drawing, which has no pixels of its own. Filters work on pixels: a shadow that is drawn in the
 * first of these sizes takes five seconds.
 */
const LONGER_SIDE = 3840
const LONGER_SIDE_WITH_FILTERS = 1920
/** An element of SVG, or a property with a function of CSS. */
const FILTER = /<(?:[\w.-]{1,99}:)?filter[\s/>]|\bfilter\s{0,99}[:=][\s"']{0,99}[a-z-]{1,99}\(/
/** sharp's density of a drawing in its own size, and the largest that it takes. */
const USUAL_DENSITY = 72
const MAX_DENSITY = 100_000

const DAMAGED =
  'The SVG drawing cannot be drawn: it is damaged, cut short, has no size, or is too complex.'

/**
 * Opens a drawing. librsvg runs no script. Without the address of the file it opens no other: only images within the
 * drawing are drawn.
 */
export async function openSvg(bytes: Buffer): Promise<OpenFile> {
  sharp.cache(false)
  sharp.concurrency(1)
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: ['VipsForeignLoadSvgBuffer'] })
  const sizeAt = async (density: number): Promise<Size> => {
    const { format, width, height } = await sharp(bytes, { density, limitInputPixels: false })
      .metadata()
      .catch((error) => {
        throw new Refusal('content', DAMAGED, error)
      })
    if (format !== 'svg') throw new Refusal('content', DAMAGED, `Read as ${format}`)
    return { width, height }
  }
  const side = FILTER.test(bytes.toString('latin1')) ? LONGER_SIDE_WITH_FILTERS : LONGER_SIDE
  // In its own size, a small drawing has whole pixels that say little of its ratio.
  const own = await sizeAt(USUAL_DENSITY)
  const factor = side / Math.max(own.width, own.height)
  const density = Math.min(Math.max(USUAL_DENSITY * factor, 1), MAX_DENSITY)
  const large = await sizeAt(density)
  const scale = side / Math.max(large.width, large.height)
  const full = {
    width: Math.max(1, Math.round(large.width * scale)),
    height: Math.max(1, Math.round(large.height * scale)),
  }

  /** sharp has the drawing drawn in the size that it is resized to. */
  const draw = ({ width, height }: Size) =>
    sharp(bytes, { density, limitInputPixels: false })
      .resize(width, height, { fit: 'fill' })
      .ensureAlpha()
      .raw()
      .toBuffer()
      .catch((error) => {
        throw new Refusal('content', DAMAGED, error)
      })

  return {
    header: { ...full, frames: 1, bytesPerPixel: 4 },
    async decode({ size, isChecked }) {
      if (isChecked) await draw(full)
      const { width, height } = size
      const shape = { width, height, channels: 4, isDeep: false, frames: 1 } as const
      writePixelFile(PIXELS_FD, shape)(await draw(size))
    },
  }
}
