import { AppError } from '../base/errors.ts'
import type { Database } from '../database/database.ts'
import type { Queries } from '../database/tables.ts'
import type { Library } from '../media/library.ts'
import type { Storage } from '../storage/storage.ts'

/** A fault in the library. */
export interface Finding {
  /** One sentence that names the fault and the items, files or rows that it affects. */
  problem: string
  /** One sentence: what `repair` does, or what an operator can do if there is no `repair`. */
  remedy: string
  /**
   * Repairs the fault, if it is still there.
   * @throws Error whose message says why it could not
   */
  repair?: (library: Library) => Promise<Repaired>
}

export interface Repaired {
  /** One sentence: what was done. */
  done: string
  /** True if something is still missing that only an operator can bring back. */
  lost?: boolean
}

/** The library that is checked. A server may change it at the same time. */
export interface Examined {
  database: Database
  storage: Storage
  /** Keys the digests in public URLs. */
  deliverySecret: string
  /** Check only the presence and size of objects, without reading them. */
  quick: boolean
}

/** Yields each finding when it is found. Memory is bounded as long as there are none. */
export type Check = (examined: Examined, advance: () => void) => AsyncIterable<Finding>

/**
 * Repairs a finding if that is possible.
 * @returns a line with the finding and the outcome of the repair
 */
export async function mend(
  { problem, remedy, repair }: Finding,
  library: Library,
): Promise<{ line: string; isMended: boolean }> {
  if (!repair) return { line: `${problem} ${remedy}`, isMended: false }
  try {
    const { done, lost = false } = await repair(library)
    return { line: `${problem} Repaired: ${done}`, isMended: !lost }
  } catch (error) {
    return { line: `${problem} Not repaired: ${explain(error)}`, isMended: false }
  }
}

function explain(error: unknown): string {
  if (error instanceof AppError) return error.detail ?? error.message
  return error instanceof Error ? error.message : String(error)
}

const MAX_ITEMS_NAMED = 5

/**
 * Names the media items that have a file: `item 12 "Tower", item 15 "Tower by day"`, or, if it is an earlier version,
 * `version 2 of item 12 "Tower"`.
 */
export async function nameItems(db: Queries, fileId: number): Promise<string> {
  const items = await db
    .selectFrom('media')
    .select(['id', 'name'])
    .where('file_id', '=', fileId)
    .orderBy('id')
    .limit(MAX_ITEMS_NAMED + 1)
    .execute()
  const named = items.map(nameItem)
  if (named.length === 0) {
    const versions = await db
      .selectFrom('versions')
      .innerJoin('media', 'media.id', 'versions.media_id')
      .select(['media.id', 'media.name', 'versions.version'])
      .where('versions.file_id', '=', fileId)
      .orderBy('media.id')
      .orderBy('versions.version')
      .limit(MAX_ITEMS_NAMED + 1)
      .execute()
    named.push(...versions.map((row) => `version ${row.version} of ${nameItem(row)}`))
  }
  if (named.length > MAX_ITEMS_NAMED) named.splice(MAX_ITEMS_NAMED, 1, 'more')
  return named.join(', ') || 'no item'
}

export const nameItem = ({ id, name }: { id: number; name: string }): string =>
  `item ${id} ${JSON.stringify(name)}`
