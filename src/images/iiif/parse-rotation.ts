import { wrongValue } from '../address/parse-options.ts'
import type { Turn } from '../plan/turn.ts'
import { readDecimal } from './read-decimal.ts'

const ANGLES = [0, 90, 180, 270] as const

/**
 * Reads the rotation of an image request, with `!` before it for a mirrored image:
 * https://iiif.io/api/image/3.0/#43-rotation
 * @throws AppError 400 "Invalid parameters"
 */
export function parseRotation(text: string): Turn {
  const mirror = text.startsWith('!')
  const value = readDecimal(mirror ? text.slice(1) : text)
  const degrees = ANGLES.find((angle) => angle === (value === 360 ? 0 : value))
  if (degrees === undefined) {
    throw wrongValue('rotation', text, '0, 90, 180 or 270, with ! before it for a mirrored image')
  }
  return { mirror, degrees }
}
