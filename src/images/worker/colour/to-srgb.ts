import { BT2020, type Colour, HLG, PQ, TRANSFERS } from './code-points.ts'
import { primariesMatrix } from './matrix.ts'
import { headroomOf, toneCurve } from './tone.ts'

/** Steps of the square root of light in the table. A step is less than a tenth of a level of sRGB. */
const STEPS = 4096

/** sRGB values by the square root of light. The square root is close to the sRGB curve everywhere. */
const ENCODED = Uint8Array.from({ length: STEPS + 1 }, (_, index) => {
  const light = (index / STEPS) ** 2
  const value = light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055
  return Math.round(value * 255)
})

const encode = (light: number): number =>
  light <= 0 ? 0 : light >= 1 ? 255 : (ENCODED[Math.trunc(Math.sqrt(light) * STEPS + 0.5)] ?? 0)

/** The values of black (`least`) and white (`most`). */
export interface Range {
  least: number
  most: number
}

/** Position of a value within the range, from 0 to 1. */
export const shareOf = (value: number, { least, most }: Range): number =>
  Math.min(Math.max((value - least) / (most - least), 0), 1)

/**
 * Converts pixels to 8-bit sRGB by tables and a matrix.
 *
 * @param pixels red, green, blue and perhaps alpha (in the full range), not premultiplied
 */
export function toSrgb(
  pixels: Uint8Array | Uint16Array,
  channels: 3 | 4,
  range: Range,
  colour: Colour,
): Buffer {
  const light = lightOf(colour, pixels.BYTES_PER_ELEMENT === 1 ? 256 : 65_536, range)
  const output = Buffer.allocUnsafe(pixels.length)
  const fullAlpha = pixels.BYTES_PER_ELEMENT === 1 ? 255 : 65_535
  const toneMap = toneMapper(colour)
  // HDR is tone mapped in the wide BT.2020 primaries, because they contain every colour.
  const [wide, from] = toneMap
    ? [primariesMatrix(colour.primaries, BT2020), BT2020]
    : [undefined, colour.primaries]
  const [[a, b, c], [d, e, f], [g, h, i]] = primariesMatrix(from)
  for (let at = 0; at < pixels.length; at += channels) {
    let red = light[pixels[at] ?? 0] ?? 0
    let green = light[pixels[at + 1] ?? 0] ?? 0
    let blue = light[pixels[at + 2] ?? 0] ?? 0
    if (toneMap) {
      if (wide && colour.primaries !== BT2020) {
        const [[wa, wb, wc], [wd, we, wf], [wg, wh, wi]] = wide
        const [r, gr, bl] = [red, green, blue]
        red = wa * r + wb * gr + wc * bl
        green = wd * r + we * gr + wf * bl
        blue = wg * r + wh * gr + wi * bl
      }
      const gain = toneMap(red, green, blue)
      red *= gain
      green *= gain
      blue *= gain
    }
    output[at] = encode(a * red + b * green + c * blue)
    output[at + 1] = encode(d * red + e * green + f * blue)
    output[at + 2] = encode(g * red + h * green + i * blue)
    if (channels === 4) output[at + 3] = Math.round(((pixels[at + 3] ?? 0) * 255) / fullAlpha)
  }
  return output
}

/** Table of the light of every possible channel value. */
function lightOf({ transfer }: Colour, count: number, range: Range): Float32Array {
  const decode =
    'code' in transfer
      ? TRANSFERS.get(transfer.code)
      : (value: number) => value ** transfer.exponent
  if (!decode) throw new Error(`There is no transfer function ${JSON.stringify(transfer)}.`)
  return Float32Array.from({ length: count }, (_, value) => decode(shareOf(value, range)))
}

/** Gives the factor for the channels of a pixel by its light in BT.2020; undefined for images without HDR. */
function toneMapper({ transfer, peak }: Colour) {
  if (!('code' in transfer)) return undefined
  const { code } = transfer
  if (code !== PQ && code !== HLG) return undefined
  const headroom = headroomOf(peak)
  const gains = gainsOf(headroom)
  const dim = (light: number) =>
    headroom <= 1
      ? 1
      : light >= headroom
        ? 1 / light
        : (gains[Math.trunc((light / headroom) * GAINS + 0.5)] ?? 1)
  if (code === PQ) return (r: number, g: number, b: number) => dim(Math.max(r, g, b))
  return (r: number, g: number, b: number) => {
    // The OOTF of ITU-R BT.2100 for a display of 1000 cd/m².
    const system = Math.max(0.2627 * r + 0.678 * g + 0.0593 * b, 0) ** 0.2 * headroomOf(1000)
    return system * dim(Math.max(r, g, b) * system)
  }
}

const GAINS = 1024

function gainsOf(headroom: number): Float32Array {
  const curve = toneCurve(headroom)
  return Float32Array.from({ length: GAINS + 1 }, (_, index) => {
    const light = (Math.max(index, 0.01) / GAINS) * headroom
    return curve(light) / light
  })
}
