import { FORMATS } from '../../images/formats.ts'
import type { ColorName } from './colors.ts'
import type { TimeRange } from './dates.ts'

/** Formats that filters know. The accepted formats come first. The library may have no item of the others. */
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
 * Which items to list. Each member has the name of its parameter. An item must match all members. Lists of values are
 * ascending, without duplicates, and never empty.
 */
export interface Filter {
  /** Short names of formats: the item has one of them. */
  readonly type?: readonly string[]
  /** Tags in the form of `foldTagCase`: the item has all of them. */
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
 * Returns the same text for filters that mean the same, for caches and entity tags.
 * @returns the empty text for no filter
 */
export function writeFilter(filter: Filter | undefined): string {
  if (!filter) return ''
  const members = Object.entries(filter).filter(([, value]) => value !== undefined)
  return JSON.stringify(members.sort(([one], [other]) => (one < other ? -1 : 1)))
}
