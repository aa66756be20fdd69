import { addressOf } from './item.ts'

/**
 * The candidates of an image for the attribute `srcset`: the widths of the ladder, up to the first one that shows all of
 * its pixels.
 *
 * @param width of the image, in pixels
 * @param widths the ladder, ascending
 * @param fileOf the last part of the address of a width
 */
export function srcsetOf(
  key: string,
  width: number,
  widths: readonly number[],
  fileOf = (step: number) => `w_${step}.webp`,
): string {
  const whole = widths.findIndex((step) => step >= width)
  const steps = whole === -1 ? widths : widths.slice(0, whole + 1)
  return steps.map((step) => `${addressOf(key, fileOf(step))} ${Math.min(step, width)}w`).join(', ')
}
