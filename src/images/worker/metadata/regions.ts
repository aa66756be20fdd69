import type { FileMetadata } from '../../file-metadata.ts'
import { turnArea, turnOfOrientation, turnSize, undo } from '../../plan/turn.ts'
import type { Header } from '../tasks.ts'
import { isObject, xmpNumber, xmpText } from './embedded-tags.ts'

/*
 * Regions of the Metadata Working Group (`mwg-rs`): areas of an image with a type, such as `Focus` or `Face`. The
 * coordinates of an area are parts of the width and the height, of its middle, in the image as it is stored: EXIF's
 * orientation turns them with the pixels. See "Guidelines for Handling Image Metadata", version 2.0.
 */

interface Region {
  type: string
  usage: string
  x: number | undefined
  y: number | undefined
}

interface Regions {
  list: readonly Region[]
  /** The size of the image that they are for, in pixels. */
  width: number | undefined
  height: number | undefined
}

const NONE: Regions = { list: [], width: undefined, height: undefined }

/** The point that the camera focused on; undefined unless exactly one is marked. */
export function findFocus(
  xmp: Readonly<Record<string, unknown>>,
  header: Header,
): FileMetadata['focus'] {
  const regions = readRegions(xmp)
  const [focus, another] = regions.list.filter(
    ({ type, usage }) => type === 'Focus' && !usage.includes('NotUsed'),
  )
  const { x = -1, y = -1 } = focus ?? {}
  if (another || !(x >= 0 && x <= 1 && y >= 0 && y <= 1)) return undefined
  const turn = turnOfOrientation(areUpright(regions, header) ? undefined : header.orientation)
  const point = { left: x, top: y, width: 0, height: 0 }
  const { left, top } = turnArea(point, { width: 1, height: 1 }, turn)
  return { x: left, y: top }
}

/** Some programs write areas of the upright image. Its size shows it, unless it is a square or not turned sideways. */
function areUpright({ width, height }: Regions, header: Header): boolean {
  if (width === undefined || height === undefined) return false
  const stored = turnSize(header, undo(turnOfOrientation(header.orientation)))
  const isWide = (size: { width: number; height: number }) => Math.sign(size.width - size.height)
  return isWide(stored) !== isWide(header) && isWide({ width, height }) === isWide(header)
}

/** As a value or as an attribute. */
const FACES = /\bMPRI:Regions\b|\bMPReg:Rectangle\b|\bmwg-rs:Type(?:>|=["'])Face\b/

/**
 * Whether areas are marked as faces, in the form of the Working Group or in Microsoft's.
 * @param documents the texts of XMP
 */
export const findFaces = (
  xmp: Readonly<Record<string, unknown>>,
  documents: readonly string[],
): boolean =>
  readRegions(xmp).list.some(({ type }) => type === 'Face') ||
  documents.some((text) => FACES.test(text))

function readRegions({ Regions: tag }: Readonly<Record<string, unknown>>): Regions {
  const regions = valueIn(tag)
  if (!isObject(regions)) return NONE
  const list = valueIn(regions.RegionList)
  const size = valueIn(regions.AppliedToDimensions)
  const { w, h } = isObject(size) ? size : {}
  return {
    list: (Array.isArray(list) ? list : []).flatMap((item) => readRegion(item)),
    width: xmpNumber(w),
    height: xmpNumber(h),
  }
}

function readRegion(item: unknown): Region[] {
  // Depending on how it is written, a structure in a list is a value or has one.
  const region = isObject(item) && isObject(item.value) ? item.value : item
  if (!isObject(region)) return []
  const area = valueIn(region.Area)
  const { x, y } = isObject(area) ? area : {}
  return [
    {
      type: xmpText(region.Type) ?? '',
      usage: xmpText(region.FocusUsage) ?? '',
      x: xmpNumber(x),
      y: xmpNumber(y),
    },
  ]
}

const valueIn = (tag: unknown): unknown => (isObject(tag) ? tag.value : undefined)
