import { fold } from '../../base/fold.ts'

/*
 * Keys of orders: bytes that compare, as `memcmp` and both databases compare them, in the order of what they stand
 * for. Items with equal keys are in the order of their ids, which is not part of a key.
 */

/**
 * More than any name of 255 characters needs, except for names full of characters that fold to many others (U+FDFA is
 * 18). Their keys are cut off here, so that none is too long for an index of PostgreSQL. Names that are alike up to
 * there count as equal.
 */
const MAX_NAME_KEY_BYTES = 1024

/**
 * The key of a name in natural order: `img2` before `img10`, whatever the case, accents and width. Runs of digits
 * compare as numbers, all other characters by their code points. Names that differ in leading zeros alone are in the
 * order `2`, `02`, `002`.
 *
 * Folding turns digits of other widths and forms into those of ASCII. Digits of other scripts are characters like any.
 */
export function nameKey(name: string): Buffer {
  const parts: Buffer[] = []
  const zeros: number[] = []
  for (const [part, digits] of fold(name).matchAll(/[^0-9]+|([0-9]+)/g)) {
    if (digits === undefined) {
      parts.push(Buffer.from(part))
      continue
    }
    const number = digits.replace(/^0+/, '')
    // The run begins with a digit, so that it keeps the place of digits among other characters. A longer number is
    // the larger one.
    parts.push(Buffer.from([ZERO, ...lengthBytes(number.length)]), Buffer.from(number))
    zeros.push(digits.length - number.length)
  }
  // Behind the end of the name, where 0 comes before all that another name may go on with.
  if (zeros.some((count) => count > 0)) parts.push(Buffer.from([0, ...zeros.flatMap(lengthBytes)]))
  const key = Buffer.concat(parts)
  return key.length > MAX_NAME_KEY_BYTES ? key.subarray(0, MAX_NAME_KEY_BYTES) : key
}

const ZERO = 0x30

/** A number of any size in bytes that compare like it, none of which is the beginning of another. */
function lengthBytes(length: number): number[] {
  return [...Array<number>(Math.floor(length / 255)).fill(255), length % 255]
}

const NUMBER_BYTES = 6

/**
 * The key of a number, for instance a size in bytes or milliseconds since 1970: six bytes, the highest first.
 * @throws RangeError if it is not a whole number from 0 to 2^48-1
 */
export function numberKey(number: number): Buffer {
  if (!Number.isInteger(number) || number < 0 || number >= 2 ** (8 * NUMBER_BYTES)) {
    throw new RangeError(`${number} is no whole number from 0 to 2^48-1.`)
  }
  const key = Buffer.alloc(NUMBER_BYTES)
  key.writeUIntBE(number, 0, NUMBER_BYTES)
  return key
}

/**
 * The key of the local time at which a picture was taken, as `readLocalTime` returns it. A zone behind the time changes
 * nothing: the order is that of the times as they are written.
 * @param time a whole second, from the year 1 to the start of the year 10000
 * @throws RangeError for any other number
 */
export const takenKeyOf = (time: number): Buffer => numberKey((time - YEAR_ONE) / 1000)

/** The start of the year 1, in milliseconds since 1970. */
const YEAR_ONE = -62_135_596_800_000

/** Compares keys, for `sort`. */
export const compareKeys = (one: Uint8Array, other: Uint8Array): number =>
  Buffer.compare(one, other)
