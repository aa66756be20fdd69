import { DIFFUSE_WHITE } from './code-points.ts'

/** Where a file does not say how bright it becomes. */
const USUAL_PEAK = 1000

/** How much brighter than diffuse white the brightest pixel is. */
export const headroomOf = (peak = USUAL_PEAK): number => peak / DIFFUSE_WHITE

/**
 * Brings light of HDR images into what a display without HDR can show, as Chromium does: in a straight line up
 * to diffuse white (1), which stays white in hue and makes room for what is brighter, and from there in
 * a quadratic Bézier curve to `headroom`, which becomes the white of the display. This is the reference white
 * tone mapping of SMPTE ST 2094-50, annex C.
 *
 * @param headroom over 1; what is no brighter than diffuse white needs no curve
 */
export function toneCurve(headroom: number): (light: number) => number {
  // Where diffuse white comes to lie.
  const white = 1 - 0.5 * Math.min(Math.log2(headroom) / Math.log2(headroomOf()), 1)
  const [middleX, middleY] = [0.35 + 0.65 / white, 0.35 * white + 0.65]
  const a = 1 - 2 * middleX + headroom
  const b = 2 * (middleX - 1)
  return (light) => {
    if (light <= 1) return light * white
    if (light >= headroom) return 1
    const c = 1 - light
    const t = Math.abs(a) < 1e-9 ? -c / b : (Math.sqrt(b * b - 4 * a * c) - b) / (2 * a)
    return white * (1 - t) ** 2 + 2 * t * (1 - t) * middleY + t ** 2
  }
}
