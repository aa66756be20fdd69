import type { Queries } from '../../database/tables.ts'

/** The place of an item in a collection. */
export interface Entry {
  collection: number
  id: number
  position: number
  /** Whether the item is in the trash. */
  isTrashed: boolean
}

/** Changes the orders of collections by which lists are read. */
export async function changeEntries(
  _trx: Queries,
  _change: { gone: readonly Entry[]; come: readonly Entry[] },
): Promise<void> {
  // The blocks of orders are not there yet.
}

/** Removes the orders of collections that are deleted. */
export async function dropEntries(_trx: Queries, _collections: readonly number[]): Promise<void> {
  // The blocks of orders are not there yet.
}
