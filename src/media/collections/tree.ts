import { sql } from 'kysely'
import { parametersInvalid } from '../../base/errors.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { collectionNotFound } from './collection-errors.ts'

/** How many levels the tree may have. Every change costs work for each level, and clients show all of them. */
export const MAX_LEVELS = 8

/** Only in a damaged database a collection is below itself. Queries must end there too. */
const DEEPEST = 2 * MAX_LEVELS

/** A collection and its ancestors, from itself up to the top. Empty if there is no such collection. */
export async function readLine(trx: Queries, id: number): Promise<number[]> {
  return (await runIn(trx, findLine, id)).map((row) => row.id)
}

const findLine = prepare((db, id: Parameter<number>) =>
  sql<{ id: number }>`
    WITH RECURSIVE line (id, parent, step) AS (
      SELECT id, parent, 1 FROM collections WHERE id = ${id} AND deleted = 0
      UNION ALL
      SELECT above.id, above.parent, line.step + 1
      FROM line JOIN collections AS above ON above.id = line.parent AND above.deleted = 0
      WHERE line.step < ${sql.lit(DEEPEST)}
    )
    SELECT id FROM line ORDER BY step`.compile(db),
)

/** A collection and all below it, with their levels below that: 1 for itself. */
export const readSubtree = (trx: Queries, id: number): Promise<{ id: number; level: number }[]> =>
  runIn(trx, findSubtree, id)

const findSubtree = prepare((db, id: Parameter<number>) =>
  sql<{ id: number; level: number }>`
    WITH RECURSIVE subtree (id, level) AS (
      SELECT id, 1 FROM collections WHERE id = ${id} AND deleted = 0
      UNION ALL
      SELECT below.id, subtree.level + 1
      FROM subtree JOIN collections AS below ON below.parent = subtree.id AND below.deleted = 0
      WHERE subtree.level < ${sql.lit(DEEPEST)}
    )
    SELECT id, level FROM subtree`.compile(db),
)

/**
 * Requires that a collection can lie below another.
 *
 * @param moved the collection; undefined for a new one
 * @throws AppError 404 "Collection not found"; 400 "Invalid parameters" if that is itself or below it, is a saved
 *   search, or is too deep
 */
export async function requireParent(trx: Queries, parent: number, moved?: number): Promise<void> {
  const line = await readLine(trx, parent)
  if (line.length === 0) throw collectionNotFound(parent)
  if (moved !== undefined && line.includes(moved)) {
    throw parametersInvalid(
      `parent is ${parent}, which is collection ${moved} itself or below it; it must be another one.`,
    )
  }
  const [row] = await runIn(trx, findQuery, parent)
  if (row?.query != null) {
    throw parametersInvalid(`parent is ${parent}, a saved search; nothing can be put into it.`)
  }
  const subtree = moved === undefined ? [{ level: 1 }] : await readSubtree(trx, moved)
  const levels = line.length + Math.max(...subtree.map(({ level }) => level))
  if (levels > MAX_LEVELS) {
    throw parametersInvalid(
      `parent is ${parent}; below it, collections would be ${levels} levels deep, and ${MAX_LEVELS} are allowed.`,
    )
  }
}

const findQuery = prepare((db, id: Parameter<number>) =>
  db.selectFrom('collections').select('query').where('id', '=', id).compile(),
)
