import type { MediaItem } from '../api/client'

type Candidate = Pick<
  MediaItem,
  | 'id'
  | 'width'
  | 'height'
  | 'size'
  | 'alt'
  | 'description'
  | 'credit'
  | 'copyright'
  | 'source'
  | 'rating'
  | 'takenAt'
  | 'focus'
  | 'tags'
  | 'collections'
>

/** How much people have written about an image. */
const countTexts = (item: Candidate): number =>
  [
    item.alt,
    item.description,
    item.credit,
    item.copyright,
    item.source,
    item.takenAt,
    item.focus,
  ].filter((value) => value !== null).length +
  (item.rating > 0 ? 1 : 0) +
  item.tags.length +
  item.collections.length

/**
 * The image of a group that is worth keeping: the one with the most pixels; of those the largest file; of those the one
 * with the most texts; of those the oldest, whose addresses are known best.
 */
export function chooseBest(items: readonly Candidate[]): number | undefined {
  const ranked = items.toSorted(
    (one, other) =>
      other.width * other.height - one.width * one.height ||
      other.size - one.size ||
      countTexts(other) - countTexts(one) ||
      one.id - other.id,
  )
  return ranked[0]?.id
}
