import type { Transaction } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import type { Actor } from './record.ts'

/**
 * As `database.write`, but checks session and permission of the caller first, inside the transaction. The
 * caller may have been signed out or disabled, or may have lost the permission, since the request began.
 *
 * @throws AppError 401 "Unauthorized", 403 "Forbidden", and nothing is written
 */
export async function writeAs<T>(
  database: Pick<Database, 'now' | 'write'>,
  by: Actor,
  work: (transaction: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  const now = await database.now()
  return database.write(async (trx) => {
    await by.permit?.(trx, now)
    return work(trx)
  })
}
