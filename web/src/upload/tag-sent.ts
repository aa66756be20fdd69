import type { Upload } from './upload'

/** Items to be tagged with one request. */
export interface Tagging {
  uploads: number[]
  items: number[]
  add: string[]
  remove: string[]
}

export type Retag = (work: Pick<Tagging, 'items' | 'add' | 'remove'>) => Promise<void>

/** More in one request are refused. */
const MAX_ITEMS = 10_000

/**
 * What has to be done first so that those that were added have the tags for all, and lose those that are
 * none any more; undefined if nothing has. A file keeps the tags that are its own.
 */
export function planTagging(
  uploads: Iterable<Upload>,
  tags: readonly string[],
): Tagging | undefined {
  let first: Tagging | undefined
  for (const { id, media, given, tags: own } of uploads) {
    if (!media || given === tags) continue
    const add = tags.filter((tag) => !given.includes(tag) && !own.includes(tag))
    const remove = given.filter((tag) => !tags.includes(tag) && !own.includes(tag))
    if (add.length + remove.length === 0) continue
    first ??= { uploads: [], items: [], add, remove }
    if (first.items.length === MAX_ITEMS) break
    if (add.join() !== first.add.join() || remove.join() !== first.remove.join()) continue
    first.uploads.push(id)
    first.items.push(media.id)
  }
  return first
}
