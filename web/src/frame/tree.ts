import type { NamedCollection } from '../media/queries'

/** A visible line of the tree. */
export interface Line {
  collection: NamedCollection
  /** 1 for collections without a parent. */
  level: number
  /** Undefined for a collection without sub-collections. */
  isOpen: boolean | undefined
  /** Its place among its siblings, from 1, and their number. */
  place: number
  siblings: number
}

/** The collections of each parent, in their order. */
export function groupByParent(collections: readonly NamedCollection[]) {
  const children = new Map<number | null, NamedCollection[]>()
  for (const collection of collections) {
    const group = children.get(collection.parent)
    if (group) group.push(collection)
    else children.set(collection.parent, [collection])
  }
  return children
}

/** The lines of a tree of which these collections are open. Saved searches are left out. */
export function listLines(
  collections: readonly NamedCollection[],
  open: ReadonlySet<number>,
): Line[] {
  const children = groupByParent(collections.filter(({ isSearch }) => !isSearch))
  const lines: Line[] = []
  const visit = (parent: number | null, level: number) => {
    const group = children.get(parent) ?? []
    for (const [index, collection] of group.entries()) {
      const { id } = collection
      const isOpen = children.has(id) ? open.has(id) : undefined
      lines.push({ collection, level, isOpen, place: index + 1, siblings: group.length })
      if (isOpen) visit(id, level + 1)
    }
  }
  visit(null, 1)
  return lines
}

/** Where a collection goes: below which parent, and after which sibling; null for the first place. */
export interface Place {
  parent: number | null
  after: number | null
}

/**
 * The place one step up or down among the siblings; undefined at the end. Saved searches between them do not
 * count: the tree does not show them.
 */
export function stepPlace(
  collections: readonly NamedCollection[],
  { id, parent }: NamedCollection,
  step: -1 | 1,
): Place | undefined {
  const siblings = collections.filter((one) => one.parent === parent && !one.isSearch)
  const at = siblings.findIndex((one) => one.id === id)
  if (step === 1) {
    const next = siblings[at + 1]
    return next && { parent, after: next.id }
  }
  if (at <= 0) return undefined
  return { parent, after: siblings[at - 2]?.id ?? null }
}

/** Whether a collection is `id` or lies below it: it cannot be moved there. */
export function isWithin(
  collections: readonly NamedCollection[],
  id: number,
  target: number | null,
): boolean {
  const parents = new Map(collections.map((one) => [one.id, one.parent]))
  for (let at = target; at !== null; at = parents.get(at) ?? null) if (at === id) return true
  return false
}
