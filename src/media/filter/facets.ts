import { foldTagCase } from '../../base/fold.ts'
import { FORMATS } from '../../images/formats.ts'
import { parseReveals } from '../said.ts'
import { parseTags } from '../tags.ts'
import { nearestColorName } from './colors.ts'

/**
 * A property that items are filtered by: the value `red` of the kind `color`. A set of ids is kept for each; see
 * `update-facets.ts`.
 */
export interface Facet {
  readonly kind: FacetKind
  readonly value: string
}

export type FacetKind =
  /** `library` or `trash`. */
  | 'in'
  /** The short name of a format. */
  | 'type'
  /** A tag in the form of `foldTagCase`. */
  | 'tag'
  /** The id of a collection that the item itself is in. */
  | 'collection'
  /** The id of a collection that the item is in, or of an ancestor of it. */
  | 'under'
  /** A `Trait`. */
  | 'has'
  | 'orientation'
  /** `true` or `false`. */
  | 'animated'
  /** `0` to `5`. */
  | 'rating'
  /** A username. */
  | 'addedBy'
  | 'color'
  /** A `Revealed`, of the original. */
  | 'reveals'
  /** The year of `takenAt`, in four digits. */
  | 'year'

/** The columns of an item and of its file that facets come from. If the file is missing, its columns are null. */
export interface FacetSource {
  readonly id: number
  readonly tags: string
  readonly alt: string | null
  readonly description: string | null
  readonly credit: string | null
  readonly copyright: string | null
  readonly source: string | null
  readonly rating: number
  readonly focus: string | null
  readonly taken_at: string | null
  readonly location: string | null
  readonly collections: string
  readonly added_by: string | null
  readonly trashed_at: number | null
  readonly type: string | null
  readonly width: number | null
  readonly height: number | null
  readonly frames: number | null
  readonly color: string | null
  readonly reveals: string | null
}

/**
 * Returns the ids of the ancestors of a collection. Returns undefined if the collection does not exist (any more), so
 * that no facet is made of it.
 */
export type AncestorsOf = (collection: number) => readonly number[] | undefined

/** Of an item in no collection. */
export const noAncestors: AncestorsOf = () => undefined

/** The facets of an item, each once. What is damaged has no facet; `doctor` reports it elsewhere. */
export function facetsOf(item: FacetSource, ancestorsOf: AncestorsOf): Facet[] {
  const facets: Facet[] = []
  const add = (kind: FacetKind, value: string | undefined | null) => {
    if (value !== undefined && value !== null) facets.push({ kind, value })
  }
  add('in', item.trashed_at === null ? 'library' : 'trash')
  add('type', item.type === null ? undefined : shortType(item.type))
  const tags = new Set(parseTags(item.tags).map(foldTagCase))
  for (const tag of tags) add('tag', tag)
  const collections = parseCollections(item.collections)
  const under = new Set<number>()
  for (const collection of collections) {
    const ancestors = ancestorsOf(collection)
    if (!ancestors) continue
    add('collection', String(collection))
    under.add(collection)
    for (const ancestor of ancestors) under.add(ancestor)
  }
  for (const collection of under) add('under', String(collection))
  for (const trait of SINGLE_TRAITS) if (item[trait] !== null) add('has', trait)
  if (tags.size > 0) add('has', 'tags')
  if (collections.length > 0) add('has', 'collection')
  if (item.rating !== 0) add('has', 'rating')
  if (item.taken_at !== null) add('has', 'takenAt')
  add('orientation', orientationOf(item))
  if (item.frames !== null) add('animated', String(item.frames > 1))
  add('rating', String(item.rating))
  add('addedBy', item.added_by)
  if (item.color !== null && COLOR.test(item.color)) add('color', nearestColorName(item.color))
  for (const name of parseReveals(item.reveals)) add('reveals', name)
  add('year', item.taken_at && YEAR.exec(item.taken_at)?.[0])
  return facets
}

/** Traits that are columns, named alike. */
const SINGLE_TRAITS = [
  'alt',
  'description',
  'credit',
  'copyright',
  'source',
  'location',
  'focus',
] as const

const COLOR = /^#[0-9a-f]{6}$/i
const YEAR = /^\d{4}/

/** The short name of a MIME type, as the filter `type` has it: `image/svg+xml` is `svg`. */
export function shortType(type: string): string {
  const [known] = Object.entries(FORMATS).find(([, format]) => format.type === type) ?? []
  return (
    known ??
    type
      .replace(/^[^/]*\/(?:x-)?/, '')
      .split('+', 1)
      .join()
  )
}

function orientationOf({ width, height }: FacetSource) {
  if (width === null || height === null) return undefined
  if (width === height) return 'square'
  return width > height ? 'landscape' : 'portrait'
}

/** The collections of a row of media. For a damaged row: the ids that can be read. */
export function parseCollections(collections: string): number[] {
  if (collections === '[]') return []
  try {
    const ids: unknown = JSON.parse(collections)
    return Array.isArray(ids) ? [...new Set(ids.filter(Number.isSafeInteger))] : []
  } catch {
    return []
  }
}
