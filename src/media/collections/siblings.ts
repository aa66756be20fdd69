import { sql } from 'kysely'
import { parametersInvalid } from '../../base/errors.ts'
import { isPostgres } from '../../database/engine.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { collectionNotFound, nameTaken } from './collection-errors.ts'
import { placeBetween } from './positions.ts'
import { readLine } from './tree.ts'

/** The top stands as 0 in the index of siblings. */
const TOP = 0

/** @throws AppError 409 "Name taken" if another collection below `parent` has the name in this form */
export async function requireFreeName(
  trx: Queries,
  parent: number | null,
  { name, folded, except }: { name: string; folded: string; except?: number },
): Promise<void> {
  const [other] = await runIn(trx, findNamed, parent ?? TOP, folded)
  if (other && other.id !== except) throw nameTaken(name)
}

// Written as the condition of the partial index, so that both engines use it.
const findNamed = prepare((db, parent: Parameter<number>, folded: Parameter<string>) =>
  sql<{ id: number }>`SELECT id FROM collections
    WHERE coalesce(parent, 0) = ${parent} AND folded = ${folded} AND deleted = 0`.compile(db),
)

/** A position behind all collections below `parent`. */
export async function placeLast(trx: Queries, parent: number | null): Promise<number> {
  const [row] = await runIn(trx, findLast, parent ?? TOP)
  const [position] = placeBetween(row?.position ?? undefined, undefined, 1) ?? []
  return position ?? (await renumber(trx, await runIn(trx, findSiblings, parent ?? TOP)))
}

const findLast = prepare((db, parent: Parameter<number>) =>
  sql<{ position: number | null }>`SELECT max(position) AS position FROM collections
    WHERE coalesce(parent, 0) = ${parent} AND deleted = 0`.compile(db),
)

/**
 * A position for a collection among its siblings. Writes the siblings anew where there is no room between two.
 *
 * @param after the sibling to come after; null for the first place
 * @param present its position if it is among these siblings already
 * @returns the new position; `present` if the collection is in that place already
 * @throws AppError 404 "Collection not found"; 400 "Invalid parameters" if `after` is no sibling
 */
export async function placeAfter(
  trx: Queries,
  {
    id,
    parent,
    after,
    present,
  }: {
    id: number
    parent: number | null
    after: number | null
    present: number | undefined
  },
): Promise<number> {
  const siblings = (await runIn(trx, findSiblings, parent ?? TOP)).filter((row) => row.id !== id)
  const index = siblings.findIndex((row) => row.id === after)
  if (after !== null && index === -1) {
    if ((await readLine(trx, after)).length === 0) throw collectionNotFound(after)
    throw parametersInvalid(
      `after is ${after}; it must be another collection with the same parent.`,
    )
  }
  const [left, right] = [siblings[index]?.position, siblings[index + 1]?.position]
  const isThere =
    present !== undefined && (left ?? -1) < present && present < (right ?? Number.MAX_SAFE_INTEGER)
  if (isThere) return present
  const [position] = placeBetween(left, right, 1) ?? []
  return position ?? (await renumber(trx, siblings, index + 1))
}

const findSiblings = prepare((db, parent: Parameter<number>) =>
  sql<{ id: number; position: number }>`SELECT id, position FROM collections
    WHERE coalesce(parent, 0) = ${parent} AND deleted = 0 ORDER BY position`.compile(db),
)

/**
 * Gives collections new positions with gaps between them.
 * @param place of the position that is left out
 * @returns that position
 */
async function renumber(
  trx: Queries,
  siblings: readonly { id: number }[],
  place = siblings.length,
): Promise<number> {
  const positions = placeBetween(undefined, undefined, siblings.length + 1) ?? []
  const [free] = positions.splice(place, 1)
  if (free === undefined) throw new Error(`${siblings.length} collections have no room.`)
  const rows = JSON.stringify(siblings.map(({ id }, index) => [id, positions[index]]))
  await runIn(trx, setPositions, rows)
  return free
}

const setPositions = prepare((db, rows: Parameter<string>) =>
  (isPostgres(db)
    ? sql`UPDATE collections SET position = (row.value ->> 1)::bigint
        FROM json_array_elements(${rows}::json) AS row
        WHERE collections.id = (row.value ->> 0)::bigint`
    : sql`UPDATE collections SET position = row.value ->> 1
        FROM json_each(${rows}) AS row WHERE collections.id = row.value ->> 0`
  ).compile(db),
)
