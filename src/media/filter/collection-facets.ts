import { sql } from 'kysely'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import type { AncestorsOf } from './facets.ts'

/**
 * Reads which collections some are below.
 * @param ids of collections; those that are deleted or unknown have no ancestors
 */
export async function readAncestors(trx: Queries, ids: readonly number[]): Promise<AncestorsOf> {
  const rows = await runIn(trx, findAncestors, JSON.stringify(ids))
  return createAncestorsOf(rows)
}

/** Reads which collections all are below. */
export async function readAllAncestors(trx: Queries): Promise<AncestorsOf> {
  return createAncestorsOf(
    await trx.selectFrom('collections').select(['id', 'parent']).where('deleted', '=', 0).execute(),
  )
}

function createAncestorsOf(rows: readonly { id: number; parent: number | null }[]): AncestorsOf {
  const parents = new Map(rows.map(({ id, parent }) => [id, parent]))
  const known = new Map<number, readonly number[] | undefined>()
  const find = (collection: number) => {
    if (!parents.has(collection)) return undefined
    const ancestors: number[] = []
    for (let above = parents.get(collection); above != null; above = parents.get(above)) {
      // Only in a damaged database a collection is below itself, or below none that is there.
      if (above === collection || ancestors.includes(above) || !parents.has(above)) break
      ancestors.push(above)
    }
    return ancestors
  }
  return (collection) => {
    if (!known.has(collection)) known.set(collection, find(collection))
    return known.get(collection)
  }
}

// UNION leaves out what it has found already, so it ends even where a collection is below itself.
const findAncestors = prepare((db, ids: Parameter<string>) =>
  sql<{ id: number; parent: number | null }>`
    WITH RECURSIVE above (id, parent) AS (
      SELECT id, parent FROM collections
      WHERE deleted = 0 AND id IN ${listed<number>(db, 'bigint', ids)}
      UNION
      SELECT collections.id, collections.parent
      FROM above JOIN collections ON collections.id = above.parent
      WHERE collections.deleted = 0
    )
    SELECT id, parent FROM above`.compile(db),
)
