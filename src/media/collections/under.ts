import type { Queries } from '../../database/tables.ts'

/** Finds anew what is in collections and below them, after collections came there or left. */
export async function refreshAncestors(_trx: Queries, _ids: readonly number[]): Promise<void> {
  // The facets are not there yet.
}

/** Removes what is known of deleted collections, so that nothing is found in them any more. */
export async function forgetCollections(_trx: Queries, _ids: readonly number[]): Promise<void> {
  // The facets are not there yet.
}
