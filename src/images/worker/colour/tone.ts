import { DIFFUSE_WHITE } from './code-points.ts'

/** Peak in candela per square metre, for files that do not say it. */
const USUAL_PEAK = 1000

/** The light of the brightest pixel as a multiple of diffuse white. */
export const headroomOf = (peak = USUAL_PEAK): number => peak / DIFFUSE_WHITE

/**
 * Maps the light of HDR images to the range of a display without HDR, as Chromium does. Up to diffuse white
 * (1), the curve is a straight line. It keeps the hue of white, and darkens it to leave room for brighter
 * light. From there, a quadratic Bézier curve leads to `headroom`, which becomes the display's white. This is
 * the reference white tone mapping of SMPTE ST 2094-50, annex C.
 *
 * @param headroom more than 1; an image that is not brighter than diffuse white needs no curve
 */
export function toneCurve(headroom: number): (light: number) => number {
  // The mapped value of diffuse white.
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
