import sharp from 'sharp'
import { turnOfOrientation, undo } from '../src/images/plan/turn.ts'
import type { MediaItem } from '../src/media/item.ts'

const COLUMNS = 10
const ROWS = 8
const SIDE = 100

/** Colours that are far from each other, also as a JPEG. */
const colourOf = (column: number, row: number) => [
  15 + column * 25,
  15 + row * 32,
  (column + row) % 2 === 0 ? 40 : 200,
]

/**
 * An image of 10 x 8 squares of 100 x 100 pixels, each in a colour of its own.
 * @param orientation how its pixels are stored, as EXIF says it
 */
export async function makeSquares(orientation = 1): Promise<Buffer> {
  const [width, height] = [COLUMNS * SIDE, ROWS * SIDE]
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = colourOf(Math.floor(x / SIDE), Math.floor(y / SIDE))
      data.set(colour, (y * width + x) * 3)
    }
  }
  const { mirror, degrees } = undo(turnOfOrientation(orientation))
  const stored = sharp(data, { raw: { width, height, channels: 3 } })
  if (mirror) stored.flop()
  if (degrees !== 0) stored.rotate(degrees)
  const jpeg = { quality: 95, chromaSubsampling: '4:4:4' }
  return orientation === 1
    ? stored.png().toBuffer()
    : stored.jpeg(jpeg).withMetadata({ orientation }).toBuffer()
}

/** Which square an image shows around a point: `column,row`. */
export async function squareAt(image: Buffer, x: number, y: number): Promise<string> {
  const area = { left: Math.round(x) - 2, top: Math.round(y) - 2, width: 5, height: 5 }
  const pixels = await sharp(image)
    .extract(area)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer()
  const found = [0, 1, 2].map((channel) => meanOf(pixels.filter((_, at) => at % 3 === channel)))
  for (let column = 0; column < COLUMNS; column++) {
    for (let row = 0; row < ROWS; row++) {
      const isNear = colourOf(column, row).every(
        (value, index) => Math.abs(value - (found[index] ?? 0)) < 8,
      )
      if (isNear) return `${column},${row}`
    }
  }
  return `none, but rgb(${found.map(Math.round).join(' ')})`
}

const meanOf = (values: Uint8Array): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

/** The key in the immutable addresses of an item. */
export const keyOf = ({ urls }: Pick<MediaItem, 'urls'>): string =>
  urls.scaled.split('/').at(-2) ?? ''
