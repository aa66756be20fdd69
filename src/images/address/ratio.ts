import { readWholes } from './numbers.ts'

export type Ratio = readonly [width: number, height: number]

const MAX_PART = 100

/** Completes "it must be …". */
export const RIGHT_RATIO = `two whole numbers from 1 to ${MAX_PART}, as in 16-9`

/** These are customary, and not in lowest terms. Each stands by the one that is. */
const CUSTOMARY: ReadonlyMap<string, Ratio> = new Map<string, Ratio>([
  ['8-5', [16, 10]],
  ['5-8', [10, 16]],
  ['7-3', [21, 9]],
  ['3-7', [9, 21]],
])

/**
 * Reads a ratio, and gives it the one form of its value: in lowest terms, or 16-10, 21-9 and their uprights. So
 * two spellings of a ratio are one address, whatever `VITRINE_ASPECTS` lists.
 *
 * @returns undefined if the text is no ratio
 */
export function readRatio(text: string): Ratio | undefined {
  const part = [1, MAX_PART] as const
  const ratio = readWholes(text, [part, part])
  return ratio && toCanonicalRatio(ratio)
}

export function toCanonicalRatio([width, height]: Ratio): Ratio {
  const divisor = greatestCommonDivisor(width, height)
  const lowest: Ratio = [width / divisor, height / divisor]
  return CUSTOMARY.get(printRatio(lowest)) ?? lowest
}

export const printRatio = ([width, height]: Ratio): string => `${width}-${height}`

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b)
