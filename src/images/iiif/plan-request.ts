import type { Plan } from '../plan/plan.ts'
import { planRegion } from '../plan/plan-region.ts'
import { type Area, isUpright, type Size } from '../plan/turn.ts'
import { ENCODINGS } from '../recipe.ts'
import { blockOf, findTile, levelSize, type Tile, tileArea } from './grid.ts'
import type { ImageRequest } from './image-request.ts'
import { parseSize } from './parse-size.ts'

export interface PlannedRequest {
  plan: Plan
  /** The path of the request in its canonical spelling, without the identifier: `full/max/0/default.jpg`. */
  canonical: string
  /** The plans of all images that are made together with it, itself among them, if it is a tile. */
  block?: readonly Plan[]
}

/**
 * Turns an image request into exact pixels. All tiles of a level are cut from the same scaled image, so that they fit
 * together, and several can be made at once.
 *
 * @param image the size of the upright original
 * @throws AppError 400 "Invalid parameters"; 501 "Not implemented"
 */
export function planRequest(request: ImageRequest, image: Size): PlannedRequest {
  const region = request.regionOf(image)
  const size = request.sizeOf(region)
  const tile = findTile(image, region, size)
  const { turn } = request
  const plan = planRegion({
    ...encodingOf(request),
    source: image,
    region: tile ? regionOfTile(image, tile) : region,
    size,
    turn,
  })
  return {
    plan,
    canonical: canonicalOf(request, image, region, size),
    ...(tile && isUpright(turn) && { block: planBlock(request, image, tile) }),
  }
}

/** AVIF takes so long to encode that decoding does not count. */
function planBlock(request: ImageRequest, image: Size, tile: Tile): readonly Plan[] {
  const tiles = request.format === 'avif' ? [tile] : blockOf(image, tile)
  return tiles.map((each) => planTile(request, image, each))
}

/** The plan of an upright tile. */
export function planTile(
  request: Pick<ImageRequest, 'format' | 'gray'>,
  image: Size,
  tile: Tile,
): Plan {
  const { width, height } = tileArea(image, tile)
  const region = regionOfTile(image, tile)
  return planRegion({ ...encodingOf(request), source: image, region, size: { width, height } })
}

function encodingOf({ format, gray }: Pick<ImageRequest, 'format' | 'gray'>) {
  return {
    format,
    ...ENCODINGS[format],
    animated: false,
    frame: 0,
    ...(format === 'jpg' && { background: 'ffffff' }),
    ...(gray && { gray: true as const }),
  }
}

/** The area of a tile in pixels of the original. They need not be whole, because levels are rounded up. */
function regionOfTile(image: Size, tile: Tile): Area {
  const level = levelSize(image, tile.factor)
  const area = tileArea(image, tile)
  const across = image.width / level.width
  const down = image.height / level.height
  return {
    left: area.left * across,
    top: area.top * down,
    width: area.width * across,
    height: area.height * down,
  }
}

const maxOf = parseSize('max')

/** https://iiif.io/api/image/3.0/#48-canonical-uri-syntax */
function canonicalOf(
  { turn, gray, format }: ImageRequest,
  image: Size,
  region: Area,
  size: Size,
): string {
  const isFull = region.width === image.width && region.height === image.height
  const max = maxOf(region)
  const isMax = size.width === max.width && size.height === max.height
  return [
    isFull ? 'full' : [region.left, region.top, region.width, region.height].join(','),
    isMax ? 'max' : `${size.width},${size.height}`,
    `${turn.mirror ? '!' : ''}${turn.degrees}`,
    `${gray ? 'gray' : 'default'}.${format}`,
  ].join('/')
}
