import type { OutputFormat } from '../address/options.ts'
import type { Turn } from '../plan/turn.ts'
import { type FileAsked, parseFile } from './parse-file.ts'
import { parseRegion, type RegionOf } from './parse-region.ts'
import { parseRotation } from './parse-rotation.ts'
import { parseSize, type SizeOf } from './parse-size.ts'

/** The last parts of the path of an image request. */
export interface ImagePath {
  region: string
  size: string
  rotation: string
  file: string
}

/** An image request, read as far as that is possible without the image. */
export interface ImageRequest extends FileAsked {
  regionOf: RegionOf
  sizeOf: SizeOf
  turn: Turn
}

/** @throws AppError 400 "Invalid parameters" */
export const parseRequest = (
  { region, size, rotation, file }: ImagePath,
  formats: readonly OutputFormat[],
): ImageRequest => ({
  regionOf: parseRegion(region),
  sizeOf: parseSize(size),
  turn: parseRotation(rotation),
  ...parseFile(file, formats),
})
