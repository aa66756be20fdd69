import { AppError } from '../base/errors.ts'
import type { Queries, Tables } from './tables.ts'

/** Secrets are made with 256 bits. */
const BYTES = 32

/**
 * Reads a secret of the library.
 * @returns base64url
 * @throws AppError if it is missing, cut or blanked out: nothing may be signed with a key that can be guessed
 */
export async function readSecret(
  db: Queries,
  name: 'access-token' | 'delivery' | 'signing',
): Promise<Tables['secrets']['value']> {
  const row = await db
    .selectFrom('secrets')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst()
  if (row !== undefined && isFitSecret(row.value)) return row.value
  throw new AppError('secret-unfit', 500, 'Database cannot be used', {
    detail: `The secret "${name}" in the database is not one of ${BYTES} random bytes; restore a backup.`,
  })
}

/** True if a secret is long enough and not just one byte repeated. */
export function isFitSecret(value: Tables['secrets']['value']): boolean {
  const bytes = Buffer.from(value, 'base64url')
  return bytes.length >= BYTES && new Set(bytes).size > 1
}
