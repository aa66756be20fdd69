import type { Upload } from './upload'

/** Items to be tagged with one request. */
export interface Tagging {
  uploads: number[]
  items: number[]
  add: string[]
  remove: string[]
}

export type Retag = (work: Pick<Tagging, 'items' | 'add' | 'remove'>) => Promise<void>

/** Items per request. The server refuses more. */
const MAX_ITEMS = 10_000

/**
 * Plans the next request that gives added items the current tags for all, and removes dropped ones;
 * undefined if nothing is left to do. An item keeps its own tags.
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
