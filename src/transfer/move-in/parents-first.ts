import type { SourceCollection } from './source.ts'

/**
 * Brings collections into the order in which they are made: each after the one that it is below. One whose parent is not
 * among them, or that is below itself, comes to the top.
 */
export function parentsFirst(collections: readonly SourceCollection[]): SourceCollection[] {
  const byId = new Map(collections.map((collection) => [collection.id, collection]))
  const placed = new Map<string, SourceCollection>()
  for (const collection of collections) {
    const chain = new Map<string, SourceCollection>()
    let next: SourceCollection | undefined = collection
    while (next && !placed.has(next.id) && !chain.has(next.id)) {
      chain.set(next.id, next)
      next = next.parent === undefined ? undefined : byId.get(next.parent)
    }
    for (const [id, { parent, ...rest }] of [...chain].reverse()) {
      const isBelow = parent !== undefined && placed.has(parent)
      placed.set(id, { ...rest, ...(isBelow && { parent }) })
    }
  }
  return [...placed.values()]
}
