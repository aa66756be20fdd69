import { AppError } from '../base/errors.ts'
import type { Database } from '../database/database.ts'
import type { Queries } from '../database/tables.ts'
import type { Library } from '../media/library.ts'
import type { Storage } from '../storage/storage.ts'

/** Something that is not as it should be. */
export interface Finding {
  /** One sentence, with whom it concerns. */
  problem: string
  /** One sentence: what `repair` does, or what people can do if there is none. */
  remedy: string
  /**
   * Mends it, if it is still so.
   * @throws Error whose message says why it could not
   */
  repair?: (library: Library) => Promise<Repaired>
}

export interface Repaired {
  /** One sentence: what was done. */
  done: string
  /** Something is still missing that only people can bring back. */
  lost?: boolean
}

/** What a check works on, beside a server that may be changing it. */
export interface Examined {
  database: Database
  storage: Storage
  /** Keys the digests in public URLs. */
  deliverySecret: string
  /** Do not read the objects, only see that they are there and have the right size. */
  quick: boolean
}

/** Yields findings as it comes to them, in bounded memory while there is nothing to find. */
export type Check = (examined: Examined, advance: () => void) => AsyncIterable<Finding>

/**
 * Repairs a finding if that is possible.
 * @returns a line that says what was found and what came of it
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

/** The media items that show a file: `item 12 "Tower", item 15 "Tower by day"`. */
export async function nameItems(db: Queries, fileId: number): Promise<string> {
  const items = await db
    .selectFrom('media')
    .select(['id', 'name'])
    .where('file_id', '=', fileId)
    .orderBy('id')
    .limit(MAX_ITEMS_NAMED + 1)
    .execute()
  const named = items.slice(0, MAX_ITEMS_NAMED).map(nameItem)
  if (items.length > MAX_ITEMS_NAMED) named.push('more')
  return named.join(', ') || 'no item'
}

export const nameItem = ({ id, name }: { id: number; name: string }): string =>
  `item ${id} ${JSON.stringify(name)}`
