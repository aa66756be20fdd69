/*
 * Positions are whole numbers with gaps between them, so that most moves write the moved ones alone. They start in the
 * middle of the numbers that a key of an order holds (see `numberKey`), because they grow in both directions.
 */

/** Between the positions of neighbours that are placed at an end. */
export const POSITION_GAP = 2 ** 20

const FIRST = 2 ** 47
const LAST_POSSIBLE = 2 ** 48 - 1

/**
 * Positions between two neighbours, ascending.
 *
 * @param left position of the neighbour before; undefined at the beginning
 * @param right position of the neighbour behind; undefined at the end
 * @returns undefined if there is no room for so many
 */
export function placeBetween(
  left: number | undefined,
  right: number | undefined,
  count: number,
): number[] | undefined {
  if (left !== undefined && right !== undefined) return spread(left, right, count)
  const start =
    right === undefined ? (left ?? FIRST - POSITION_GAP) : right - POSITION_GAP * (count + 1)
  const end = start + POSITION_GAP * (count + 1)
  return start < -POSITION_GAP || end - POSITION_GAP > LAST_POSSIBLE
    ? undefined
    : spread(start, end, count)
}

/** Evenly spread whole numbers between two, without these. */
function spread(left: number, right: number, count: number): number[] | undefined {
  const step = (right - left) / (count + 1)
  if (step < 1) return undefined
  return Array.from({ length: count }, (_, index) => Math.floor(left + step * (index + 1)))
}
