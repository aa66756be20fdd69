import { FORMATS } from '../../images/formats.ts'
import type { ColorName } from './colors.ts'
import type { TimeRange } from './dates.ts'

/** Formats that filters know. The accepted ones come first; of the others there may be no item yet. */
export const FILTER_TYPES: readonly string[] = [
  ...new Set([...Object.keys(FORMATS), 'heic', 'svg', 'tiff', 'jxl', 'bmp']),
]

/** What an item may have or lack. */
export const TRAITS = [
  'alt',
  'description',
  'credit',
  'copyright',
  'source',
  'tags',
  'collection',
  'location',
  'focus',
  'rating',
  'takenAt',
] as const

export type Trait = (typeof TRAITS)[number]

export const ORIENTATIONS = ['landscape', 'portrait', 'square'] as const

export type Orientation = (typeof ORIENTATIONS)[number]

/**
 * Which items to list. Each member is named as its parameter; an item must meet all that are there. Lists have no
 * value twice, are in ascending order, and are never empty.
 */
export interface Filter {
  /** Short names of formats, any of which it has. */
  readonly type?: readonly string[]
  /** Tags in the form of `foldTagCase`, all of which it has. */
  readonly tag?: readonly string[]
  readonly anyTag?: readonly string[]
  readonly notTag?: readonly string[]
  /** The id of a collection that it is in, or `none` if it is in none. */
  readonly collection?: number | 'none'
  readonly has?: readonly Trait[]
  readonly lacks?: readonly Trait[]
  readonly orientation?: Orientation
  readonly animated?: boolean
  /** Limits are included. */
  readonly minWidth?: number
  readonly maxWidth?: number
  readonly minHeight?: number
  readonly maxHeight?: number
  /** Bytes. */
  readonly minSize?: number
  readonly maxSize?: number
  readonly minRating?: number
  readonly added?: TimeRange
  /** Local times, as if they were UTC. */
  readonly taken?: TimeRange
  /** As it was given: the name of an account in any spelling, or the exact name that another service gave. */
  readonly addedBy?: string
  readonly color?: ColorName
  /** Absent for the library. */
  readonly in?: 'trash'
}

/**
 * The same text for filters that mean the same, for caches and entity tags.
 * @returns the empty text for no filter
 */
export function writeFilter(filter: Filter | undefined): string {
  if (!filter) return ''
  const members = Object.entries(filter).filter(([, value]) => value !== undefined)
  return JSON.stringify(members.sort(([one], [other]) => (one < other ? -1 : 1)))
}
