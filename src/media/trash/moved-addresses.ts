import { sql } from 'kysely'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'

/*
 * The addresses of a merged item lead to the item that it was merged into, its heir, so that pages that embed it go on
 * working. While the item is in the trash, its column `merged_into` names the heir. Once it is deleted for good, the
 * table `moved_addresses` does.
 */

/** What is known of items before they are deleted for good. */
export interface Departure {
  /** Where the addresses of each item lead from now on; null: nowhere. */
  heirs: ReadonlyMap<number, number | null>
  /** The files of items with an heir. */
  files: readonly { id: number; heir: number; digests: readonly string[] }[]
}

/**
 * Reads where the addresses of items lead once these are deleted. Call it before their rows are deleted.
 * @param ids ascending
 */
export async function readDeparture(trx: Queries, ids: readonly number[]): Promise<Departure> {
  const list = JSON.stringify(ids)
  const merged = new Map(
    (await runIn(trx, findMerged, list)).map(({ id, merged_into }) => [id, merged_into]),
  )
  const gone = new Set(ids)
  const heirs = new Map(ids.map((id) => [id, followChain(id, merged, gone)]))
  if (merged.size === 0) return { heirs, files: [] }

  const withHeir = ids.filter((id) => heirs.get(id) != null)
  const files = new Map<number, { id: number; heir: number; digests: string[] }>()
  for (const row of await runIn(trx, findDigests, JSON.stringify(withHeir))) {
    const file = files.get(row.file_id) ?? {
      id: row.file_id,
      heir: heirs.get(row.media_id) ?? 0,
      digests: [],
    }
    file.digests.push(row.key)
    files.set(row.file_id, file)
  }
  return { heirs, files: [...files.values()] }
}

/** Deletes digests from the table, so that they lead nowhere. */
export async function forgetDigests(trx: Queries, digests: readonly string[]): Promise<void> {
  if (digests.length > 0) await runIn(trx, forgetThese, JSON.stringify(digests))
}

/** The first item of the chain that stays. Each step leads to another item, so there are at most as many as items. */
function followChain(
  id: number,
  merged: ReadonlyMap<number, number | null>,
  gone: ReadonlySet<number>,
): number | null {
  let into = merged.get(id) ?? null
  for (let step = 0; step < merged.size && into !== null && gone.has(into); step += 1) {
    into = merged.get(into) ?? null
  }
  return into !== null && gone.has(into) ? null : into
}

/**
 * Makes every address that led to deleted items lead to their heirs, or nowhere. Call it after the rows of the items
 * and of their files were deleted.
 *
 * @param removedFiles ids of the files that are gone
 * @param keepsAddresses whether the items' own addresses lead to their heirs too
 */
export async function noteDeparture(
  trx: Queries,
  { heirs, files }: Departure,
  removedFiles: readonly number[],
  keepsAddresses: boolean,
): Promise<void> {
  const list = JSON.stringify([...heirs.keys()])
  const dependents = await runIn(trx, findDependents, list)
  for (const { target } of dependents) {
    const heir = heirs.get(target) ?? null
    await runIn(trx, redirectMerged, heir, target)
    if (heir === null) await runIn(trx, forgetAddresses, target)
    else await runIn(trx, redirectAddresses, heir, target)
  }
  if (!keepsAddresses) return
  const removedIds = new Set(removedFiles)
  const addresses = [
    ...[...heirs].flatMap(([id, heir]) => (heir === null ? [] : [[String(id), heir] as const])),
    ...files
      .filter(({ id }) => removedIds.has(id))
      .flatMap(({ heir, digests }) => digests.map((digest) => [digest, heir] as const)),
  ]
  for (const [address, heir] of addresses) await runIn(trx, insertAddress, address, heir)
}

const findMerged = prepare((db, ids: Parameter<string>) =>
  db
    .selectFrom('media')
    .select(['id', 'merged_into'])
    .where('id', 'in', listed<number>(db, 'bigint', ids))
    .where('merged_into', 'is not', null)
    .compile(),
)

/** Every key and digest that addresses of these items have or had: of each version, focus and recipe. */
const findDigests = prepare((db, ids: Parameter<string>) =>
  sql<{ media_id: number; file_id: number; key: string }>`
    WITH held AS (
      SELECT id AS media_id, file_id, focus_key FROM media
      WHERE id IN ${listed<number>(db, 'bigint', ids)}
      UNION SELECT media_id, file_id, focus_key FROM versions
      WHERE media_id IN ${listed<number>(db, 'bigint', ids)}
    ), digests AS (
      SELECT media_id, file_id, scaled_digest, high_digest FROM held JOIN files ON files.id = file_id
      UNION SELECT media_id, held.file_id, scaled_digest, high_digest
      FROM held JOIN earlier_addresses ON earlier_addresses.file_id = held.file_id
    )
    SELECT media_id, file_id, scaled_digest AS key FROM digests
    UNION SELECT media_id, file_id, high_digest FROM digests
    UNION SELECT media_id, file_id, focus_key FROM held WHERE focus_key IS NOT NULL
    UNION SELECT media_id, file_id, key FROM earlier_keys
    WHERE media_id IN ${listed<number>(db, 'bigint', ids)}`.compile(db),
)

/** Finds, among some items, each that an address of another item leads to. */
const findDependents = prepare((db, ids: Parameter<string>) =>
  sql<{ target: number }>`
    SELECT merged_into AS target FROM media WHERE merged_into IN ${listed<number>(db, 'bigint', ids)}
    UNION
    SELECT media_id FROM moved_addresses WHERE media_id IN ${listed<number>(db, 'bigint', ids)}`.compile(
    db,
  ),
)

const redirectMerged = prepare((db, heir: Parameter<number | null>, target: Parameter<number>) =>
  db.updateTable('media').set({ merged_into: heir }).where('merged_into', '=', target).compile(),
)

const redirectAddresses = prepare((db, heir: Parameter<number>, target: Parameter<number>) =>
  db
    .updateTable('moved_addresses')
    .set({ media_id: heir })
    .where('media_id', '=', target)
    .compile(),
)

const forgetAddresses = prepare((db, target: Parameter<number>) =>
  db.deleteFrom('moved_addresses').where('media_id', '=', target).compile(),
)

const forgetThese = prepare((db, digests: Parameter<string>) =>
  db
    .deleteFrom('moved_addresses')
    .where('address', 'in', listed<string>(db, 'text', digests))
    .compile(),
)

const insertAddress = prepare((db, address: Parameter<string>, media_id: Parameter<number>) =>
  db
    .insertInto('moved_addresses')
    .values({ address, media_id })
    .onConflict((conflict) => conflict.column('address').doUpdateSet({ media_id }))
    .compile(),
)
