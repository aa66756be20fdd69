import type { Area, Size } from '../plan/turn.ts'

/** The side of a tile in pixels. */
export const TILE = 512

/** One tile of one level, counted from the top left. */
export interface Tile {
  /** The whole image is scaled down by this power of two, with its sides rounded up. */
  factor: number
  column: number
  row: number
}

/** The factors of all levels, ascending. The last level fits into one tile. */
export function factorsOf(image: Size): number[] {
  const factors = [1]
  for (let factor = 2; factor < (2 * Math.max(image.width, image.height)) / TILE; factor *= 2) {
    factors.push(factor)
  }
  return factors
}

/** The size of the whole image on a level, in pixels. */
export const levelSize = ({ width, height }: Size, factor: number): Size => ({
  width: Math.ceil(width / factor),
  height: Math.ceil(height / factor),
})

/** How many tiles a level has. */
export function countTiles(image: Size, factor: number): { columns: number; rows: number } {
  const { width, height } = levelSize(image, factor)
  return { columns: Math.ceil(width / TILE), rows: Math.ceil(height / TILE) }
}

/** Where a tile lies on its level, in pixels. The last ones of a row or column are smaller. */
export function tileArea(image: Size, { factor, column, row }: Tile): Area {
  const level = levelSize(image, factor)
  const left = column * TILE
  const top = row * TILE
  return {
    left,
    top,
    width: Math.min(TILE, level.width - left),
    height: Math.min(TILE, level.height - top),
  }
}

/**
 * Finds the tile that a region and a size make: https://iiif.io/api/image/3.0/implementation/#3-tile-region-parameter-calculation
 * @returns undefined if they are not exactly a tile
 */
export function findTile(image: Size, region: Area, size: Size): Tile | undefined {
  const factor = factorsOf(image).find((each) => {
    const side = TILE * each
    const isOnGrid = region.left % side === 0 && region.top % side === 0
    const width = Math.min(side, image.width - region.left)
    const height = Math.min(side, image.height - region.top)
    const isWhole = region.width === width && region.height === height
    return (
      isOnGrid &&
      isWhole &&
      size.width === Math.ceil(width / each) &&
      size.height === Math.ceil(height / each)
    )
  })
  if (factor === undefined) return undefined
  return { factor, column: region.left / (TILE * factor), row: region.top / (TILE * factor) }
}
