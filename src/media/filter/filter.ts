import { type TSchema, Type } from '../../http/schema.ts'
import { REVEALED, type Revealed } from '../../images/file-metadata.ts'
import { FORMATS } from '../../images/formats.ts'
import { COLOR_NAMES, type ColorName } from './colors.ts'
import type { TimeRange } from './dates.ts'

/** Formats that filters know. The library may have no item of some of them. */
export const FILTER_TYPES: readonly string[] = Object.keys(FORMATS)

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
  /** The original reveals all of these; see `images/file-metadata.ts`. */
  readonly reveals?: readonly Revealed[]
  /** Absent for the library. */
  readonly in?: 'trash'
}

const text = (description: string) => Type.Optional(Type.String({ description }))
const number = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }))
const oneOf = (values: readonly string[], description?: string) =>
  Type.Optional(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      description === undefined ? {} : { description },
    ),
  )

/** The parameters of a filter, as the description of the API shows them. `readFilter` checks them. */
export const FilterFields = {
  type: text(`Any of these, with commas between: ${FILTER_TYPES.join(', ')}`),
  tag: text('Tags, all of which it has, with commas between; case does not count'),
  anyTag: text('Tags, any of which it has'),
  notTag: text('Tags, none of which it has'),
  collection: text('Id of a collection, whose sub-collections count; or `none`'),
  has: text(`All of these: ${TRAITS.join(', ')}. \`alt\` counts "" too`),
  lacks: text('None of these; the names are those of `has`'),
  orientation: oneOf(ORIENTATIONS),
  animated: oneOf(['true', 'false']),
  minWidth: number('Pixels'),
  maxWidth: number('Pixels'),
  minHeight: number('Pixels'),
  maxHeight: number('Pixels'),
  minSize: number('Bytes'),
  maxSize: number('Bytes'),
  minRating: Type.Optional(Type.Integer({ minimum: 0, maximum: 5 })),
  added: text(
    'A date or a range in UTC: 2026, 2026-03, 2026-03-14, 2025..2026-03, ..2024, 2026-01..',
  ),
  taken: text('A date or a range, as written in `takenAt`'),
  addedBy: text('Username'),
  color: oneOf(COLOR_NAMES, 'The name nearest to the dominant colour'),
  reveals: text(
    `What the metadata of the original reveal, all of these: ${REVEALED.join(', ')}. Images that are shown have no metadata`,
  ),
  in: oneOf(['library', 'trash'], 'The trash also needs the permission delete-media'),
} satisfies Record<keyof Filter, TSchema>

/**
 * Returns the same text for filters that mean the same, for caches and entity tags.
 * @returns the empty text for no filter
 */
export function writeFilter(filter: Filter | undefined): string {
  if (!filter) return ''
  const members = Object.entries(filter).filter(([, value]) => value !== undefined)
  return JSON.stringify(members.sort(([one], [other]) => (one < other ? -1 : 1)))
}
