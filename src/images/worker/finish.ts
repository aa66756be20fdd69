import sharp, { type Sharp } from 'sharp'
import type { Encoding, Plan } from '../plan/plan.ts'
import { combine, type Size, type Turn, turnSize, UPRIGHT } from '../plan/turn.ts'
import type { Pixels } from './colour/conversion.ts'

/** An encoded image, and its size; of each frame, if it is an animation. */
export interface Encoded extends Size {
  readonly data: Buffer
}

export interface Timing {
  /** Milliseconds that each frame is shown. */
  delay: number[]
  /** How often the animation is played; 0 for ever. */
  loop: number
}

const TRANSPARENT = { r: 0, g: 0, b: 0, alpha: 0 }

/**
 * Does what a plan says after the original was scaled and cut.
 * @param stored the turn that makes the pixels upright
 */
export function finish({ data, ...raw }: Pixels, plan: Plan, stored: Turn): Sharp {
  const turn = combine(stored, plan.turn ?? UPRIGHT)
  const image = sharp(data, { raw })
  // sharp mirrors first, whatever the order of the calls.
  if (turn.mirror) image.flop()
  if (turn.degrees !== 0) image.rotate(turn.degrees)
  const { attention } = plan
  // One side is that of the pixels already, so that this cuts and does not scale.
  if (attention) {
    image.resize(attention.width, attention.height, { fit: 'cover', position: 'attention' })
  }
  return dress(image, plan, attention ?? turnSize(raw, turn))
}

/**
 * Gives an image its background, colour and blur.
 * @param size of the image; of each frame of an animation
 */
export function dress(image: Sharp, plan: Plan, size: Size): Sharp {
  const { background, inset, gray, blur, format } = plan
  const colour = background === undefined ? TRANSPARENT : `#${background}`
  if (background !== undefined) image.flatten({ background: colour })
  if (inset) {
    image.extend({
      ...inset,
      right: plan.width - size.width - inset.left,
      bottom: plan.height - size.height - inset.top,
      background: colour,
    })
  }
  if (gray) image.grayscale()
  // Only these two are smaller with one channel.
  if (gray && (format === 'png' || format === 'jpg')) image.toColourspace('b-w')
  if (blur !== undefined) image.blur(blur)
  return image
}

/**
 * sharp writes no metadata by default: no EXIF, no position, no colour profile.
 * @param timing of an animation, if its frames do not bring it along
 */
export function encode(
  image: Sharp,
  { format, quality, effort }: Encoding,
  timing?: Timing,
): Sharp {
  switch (format) {
    case 'webp':
      return image.webp({ quality, effort, ...timing })
    case 'avif':
      return image.avif({ quality, effort, chromaSubsampling: '4:2:0' })
    case 'jpg':
      return image.jpeg({ quality, progressive: true })
    case 'png':
      return image.png({ compressionLevel: effort, adaptiveFiltering: true })
  }
}
