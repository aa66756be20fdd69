import { expect, it } from 'vitest'
import { findTiles, type TileGrid } from './tiles'

const grid: TileGrid = { width: 5000, height: 3000, tile: 512, factors: [1, 2, 4, 8] }
const stage = { width: 1000, height: 600 }
const shown = { width: 1000, height: 600 }

/** The level of each tile, by its factor. */
const levels = (tiles: ReturnType<typeof findTiles>) =>
  tiles.map(({ width, sent }) => Math.round(width / sent.width))

it('takes the level nearest to the pixels of the screen, above the next coarser one', () => {
  const whole = findTiles(grid, { stage, shown, zoom: { scale: 1, x: 0, y: 0 } }, 1)
  expect(new Set(levels(whole))).toEqual(new Set([8, 4]))
  expect(levels(whole)[0]).toBe(8)
  const dense = findTiles(grid, { stage, shown, zoom: { scale: 1, x: 0, y: 0 } }, 2)
  expect(new Set(levels(dense))).toEqual(new Set([4, 2]))
  const near = findTiles(grid, { stage, shown, zoom: { scale: 15, x: 0, y: 0 } }, 1)
  expect(new Set(levels(near))).toEqual(new Set([2, 1]))
})

it('covers what is shown and nothing else', () => {
  // Five times: one pixel of the image is one of the screen, and the stage shows its middle.
  const tiles = findTiles(grid, { stage, shown, zoom: { scale: 5, x: 0, y: 0 } }, 1)
  const fine = tiles.filter(({ sent, width }) => sent.width === width)
  expect(Math.min(...fine.map(({ left }) => left))).toBe(3 * 512)
  expect(Math.max(...fine.map(({ left, width }) => left + width))).toBe(6 * 512)
  expect(Math.min(...fine.map(({ top }) => top))).toBe(2 * 512)
  expect(Math.max(...fine.map(({ top, height }) => top + height))).toBe(4 * 512)
})

it('cuts the tiles at the right and lower edge', () => {
  const zoom = { scale: 5, x: -2000, y: -1200 }
  const last = findTiles(grid, { stage, shown, zoom }, 1).at(-1)
  expect(last).toEqual({
    left: 9 * 512,
    top: 5 * 512,
    width: 5000 - 9 * 512,
    height: 3000 - 5 * 512,
    sent: { width: 5000 - 9 * 512, height: 3000 - 5 * 512 },
  })
})

it('sends whole pixels of tiles that the level does not divide', () => {
  const tiles = findTiles(grid, { stage, shown, zoom: { scale: 1, x: 0, y: 0 } }, 1)
  expect(tiles.map(({ sent }) => sent)).toContainEqual({ width: 113, height: 375 })
})
