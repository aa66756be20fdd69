import type { Transaction } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import type { Actor } from './record.ts'

/**
 * As `database.write`, for somebody of whom it is asked within the transaction whether he still may: he may
 * have been signed out, disabled or have lost the permission since he asked for it.
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
