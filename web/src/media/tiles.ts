import type { Size, Zoom } from './zoom'

/** How the server cuts an image into tiles, as `info.json` of the IIIF Image API 3.0 says it. */
export interface TileGrid extends Size {
  /** Width and height of a tile, in pixels of its level. */
  tile: number
  /** Pixels of the image that one pixel of a level stands for, one number for each level. */
  factors: readonly number[]
}

/** A part of the image, in its pixels, and the size in which it is sent. */
export interface Tile {
  left: number
  top: number
  width: number
  height: number
  sent: Size
}

interface Sight {
  stage: Size
  /** Size of the whole image at scale 1. */
  shown: Size
  zoom: Zoom
}

/**
 * The tiles that cover what the stage shows: those of the level that comes closest to the pixels of the screen, after
 * those of the next coarser one. The coarser ones are few, and bridge the time until the others are loaded.
 *
 * @param density pixels of the screen per pixel of the page
 */
export function findTiles(grid: TileGrid, sight: Sight, density: number): Tile[] {
  const ratio = grid.width / (sight.shown.width * sight.zoom.scale * density)
  const ascending = [...grid.factors].sort((a, b) => a - b)
  // On a logarithmic scale, a factor is nearest up to the square root of 2.
  const nearest = ascending.findLast((factor) => factor <= ratio * Math.SQRT2) ?? ascending[0]
  return ascending
    .filter((factor) => factor === nearest || factor === 2 * (nearest ?? 0))
    .reverse()
    .flatMap((factor) => listTiles(grid, sight, factor))
}

function listTiles(grid: TileGrid, { stage, shown, zoom }: Sight, factor: number): Tile[] {
  const columns = span(grid.width, stage.width, shown.width * zoom.scale, zoom.x, grid.tile, factor)
  const rows = span(grid.height, stage.height, shown.height * zoom.scale, zoom.y, grid.tile, factor)
  return rows.flatMap(([top, height]) =>
    columns.map(([left, width]) => {
      const sent = { width: Math.ceil(width / factor), height: Math.ceil(height / factor) }
      return { left, top, width, height, sent }
    }),
  )
}

/** Starts and lengths of the tiles along one axis that the stage shows, in pixels of the image. */
function span(
  pixels: number,
  stage: number,
  drawn: number,
  offset: number,
  tile: number,
  factor: number,
): [start: number, length: number][] {
  const step = tile * factor
  const edge = (stage - drawn) / 2 + offset
  const first = Math.max(0, Math.floor(((-edge / drawn) * pixels) / step))
  const end = Math.min(pixels, ((stage - edge) / drawn) * pixels)
  const count = Math.max(0, Math.ceil(end / step) - first)
  return Array.from({ length: count }, (_, index) => {
    const start = (first + index) * step
    return [start, Math.min(step, pixels - start)]
  })
}
