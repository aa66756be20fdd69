import { type Chromaticities, SRGB } from './code-points.ts'

type Vector = readonly [number, number, number]
/** Rows of the matrix. */
export type Matrix = readonly [Vector, Vector, Vector]

/**
 * The matrix from linear light in some primaries to linear light in others, by default those of sRGB. White
 * stays white, by Bradford's chromatic adaptation as in annex E of ICC.1:2022. The values are not finite for
 * invalid chromaticities.
 */
export function primariesMatrix(from: Chromaticities, to: Chromaticities = SRGB): Matrix {
  return multiply(invert(toXyz(to)), multiply(adaptation(from, to), toXyz(from)))
}

/** Linear RGB to XYZ: SMPTE RP 177. */
function toXyz([rx, ry, gx, gy, bx, by, wx, wy]: Chromaticities): Matrix {
  const primaries: Matrix = [
    [rx, gx, bx],
    [ry, gy, by],
    [1 - rx - ry, 1 - gx - gy, 1 - bx - by],
  ]
  return multiply(primaries, diagonal(apply(invert(primaries), xyzOf(wx, wy))))
}

const xyzOf = (x: number, y: number): Vector => [x / y, 1, (1 - x - y) / y]

const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
]

function adaptation(from: Chromaticities, to: Chromaticities): Matrix {
  const [a, b, c] = apply(BRADFORD, xyzOf(from[6], from[7]))
  const [d, e, f] = apply(BRADFORD, xyzOf(to[6], to[7]))
  return multiply(invert(BRADFORD), multiply(diagonal([d / a, e / b, f / c]), BRADFORD))
}

const diagonal = ([a, b, c]: Vector): Matrix => [
  [a, 0, 0],
  [0, b, 0],
  [0, 0, c],
]

const dot = ([a, b, c]: Vector, [x, y, z]: Vector): number => a * x + b * y + c * z

const apply = ([first, second, third]: Matrix, vector: Vector): Vector => [
  dot(first, vector),
  dot(second, vector),
  dot(third, vector),
]

const transpose = ([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix => [
  [a, d, g],
  [b, e, h],
  [c, f, i],
]

function multiply([first, second, third]: Matrix, by: Matrix): Matrix {
  const columns = transpose(by)
  return [apply(columns, first), apply(columns, second), apply(columns, third)]
}

function invert([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  const scale = ([x, y, z]: Vector): Vector => [x / determinant, y / determinant, z / determinant]
  return [
    scale([e * i - f * h, c * h - b * i, b * f - c * e]),
    scale([f * g - d * i, a * i - c * g, c * d - a * f]),
    scale([d * h - e * g, b * g - a * h, a * e - b * d]),
  ]
}

/** Whether all values are finite, so that light can be multiplied by the matrix. */
export const isUsable = (matrix: Matrix): boolean => matrix.flat().every(Number.isFinite)
