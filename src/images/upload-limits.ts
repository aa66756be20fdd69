import type { ImageSettings } from './settings.ts'
import { type Header, Refusal } from './worker/tasks.ts'

export const countPixels = ({ width, height, frames }: Header) => width * height * frames

/**
 * Largest width and height in pixels. Only a PNG can be larger, and no browser shows it. The memory for the
 * rows of an image grows with its sides.
 */
const MAX_SIDE = 65_535

type Limits = Pick<ImageSettings, 'maxImagePixels' | 'maxImageFrames' | 'imageMemoryBytes'>

/**
 * Checks what the header of an upload claims, before any pixel is decoded. Guards against decompression bombs: files of a
 * few bytes that unpack to more than any memory holds. Time and memory are limited in `worker/worker.ts` and
 * `worker/worker-process.ts` besides.
 *
 * @throws Refusal of more frames, pixels, pixels on a side, or memory than accepted
 */
export function checkUploadLimits(
  header: Header,
  { maxImagePixels, maxImageFrames, imageMemoryBytes }: Limits,
) {
  const { width, height, frames, bytesPerPixel = 0, isHeldWhole } = header
  if (frames > maxImageFrames) {
    const detail = `The animation has ${frames} frames; at most ${maxImageFrames} are accepted.`
    throw new Refusal('limit', detail)
  }
  if (countPixels(header) > maxImagePixels) {
    const size = `${width} x ${height} pixels${frames > 1 ? ` in each of ${frames} frames` : ''}`
    const detail = `The image has ${size}; at most ${maxImagePixels} in all are accepted.`
    throw new Refusal('limit', detail)
  }
  if (Math.max(width, height) > MAX_SIDE) {
    const side = width > height ? `${width} pixels wide` : `${height} pixels high`
    throw new Refusal('limit', `The image is ${side}; at most ${MAX_SIDE} on a side are accepted.`)
  }
  const bytes = countPixels(header) * bytesPerPixel
  if (isHeldWhole && bytes > imageMemoryBytes) {
    const product = `${width} x ${height} pixels of ${bytesPerPixel} bytes`
    const detail = `The image is interlaced, progressive or a TIFF, and takes ${bytes} bytes of memory at once (${product}); at most ${imageMemoryBytes} are accepted.`
    throw new Refusal('limit', detail)
  }
}
