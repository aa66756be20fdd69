import type { ItemState } from '../change/derived.ts'
import type { ReadRange } from './evaluate.ts'
import type { AncestorsOf } from './facets.ts'
import type { Filter } from './filter.ts'

/** Texts that an item may lack. */
export const TEXTS = ['alt', 'description', 'credit', 'copyright', 'source'] as const

const localTime = ({ taken_at }: ItemState) => taken_at && Date.parse(`${taken_at.slice(0, 19)}Z`)

/** Reads ranges from the items themselves. */
export const readRangeOf =
  (states: readonly ItemState[]): ReadRange =>
  async (kind, from, to) => {
    const found = states.filter((state) => {
      const value = kind === 'taken' ? localTime(state) : state[kind]
      return typeof value === 'number' && value >= from && value <= to
    })
    return found.map(({ id }) => id)
  }

/** What each parameter means, told without facets. */
export function matches(filter: Filter, state: ItemState, ancestorsOf: AncestorsOf): boolean {
  const tags = new Set((JSON.parse(state.tags) as string[]).map((tag) => tag.toLowerCase()))
  const collections: number[] = JSON.parse(state.collections)
  const [width, height, size] = [state.width ?? 0, state.height ?? 0, state.size ?? 0]
  const has = (trait: string) => {
    if (trait === 'tags') return tags.size > 0
    if (trait === 'collection') return collections.length > 0
    if (trait === 'rating') return state.rating > 0
    if (trait === 'takenAt') return state.taken_at !== null
    return state[trait as (typeof TEXTS)[number]] !== null
  }
  const taken = localTime(state)
  const colors: Record<string, string> = { '#ff0000': 'red', '#0000ff': 'blue', '#ffffff': 'white' }
  const orientation = width === height ? 'square' : width > height ? 'landscape' : 'portrait'
  const { type, tag, anyTag, notTag, collection, added } = filter
  return [
    (state.trashed_at !== null) === (filter.in === 'trash'),
    !type || type.includes(state.type?.slice('image/'.length) ?? ''),
    !tag || tag.every((each) => tags.has(each)),
    !anyTag || anyTag.some((each) => tags.has(each)),
    !notTag?.some((each) => tags.has(each)),
    collection === undefined ||
      (collection === 'none'
        ? collections.length === 0
        : collections.some((id) => id === collection || ancestorsOf(id)?.includes(collection))),
    !filter.has || filter.has.every(has),
    !filter.lacks?.some(has),
    !filter.orientation || filter.orientation === orientation,
    filter.animated === undefined || filter.animated === (state.frames ?? 1) > 1,
    width >= (filter.minWidth ?? 0) && width <= (filter.maxWidth ?? 99),
    height >= (filter.minHeight ?? 0) && height <= (filter.maxHeight ?? 99),
    size >= (filter.minSize ?? 0) && size <= (filter.maxSize ?? 99),
    state.rating >= (filter.minRating ?? 0),
    !added || (state.added_at >= added.from && state.added_at < added.to),
    !filter.taken ||
      (typeof taken === 'number' && taken >= filter.taken.from && taken < filter.taken.to),
    !filter.addedBy || state.added_by === filter.addedBy,
    !filter.color || filter.color === colors[state.color ?? ''],
    !filter.reveals || filter.reveals.every((name) => state.reveals?.includes(name)),
  ].every(Boolean)
}
