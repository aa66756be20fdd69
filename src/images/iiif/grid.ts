import type { Area, Size } from '../plan/turn.ts'

/** The side of a tile in pixels. */
export const TILE = 512

/**
 * Tiles that are made at once. To decode a photograph of 100 megapixels as far as to a tile in its middle takes 400 ms of
 * processor time, to encode the tile 8 ms as a JPEG and 20 ms as WebP. With these blocks, a screen of 24 tiles takes 2 to 4
 * decodings. A block is up to 25 MB of pixels.
 */
const BLOCK = { columns: 8, rows: 4 }

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

/**
 * The tiles that are made together with a tile, itself among them. They lie in a rectangle that is wider than high,
 * because decoders read whole rows of pixels.
 */
export function blockOf(image: Size, { factor, column, row }: Tile): Tile[] {
  const { columns, rows } = countTiles(image, factor)
  const left = column - (column % BLOCK.columns)
  const top = row - (row % BLOCK.rows)
  const tiles: Tile[] = []
  for (let row = top; row < Math.min(top + BLOCK.rows, rows); row++) {
    for (let column = left; column < Math.min(left + BLOCK.columns, columns); column++) {
      tiles.push({ factor, column, row })
    }
  }
  return tiles
}
