import type { Selectable } from 'kysely'
import { AppError, quote } from '../../base/errors.ts'
import type { Queries, Tables } from '../../database/tables.ts'

/** An account, by its name or by its id. */
export type Who = string | number

/**
 * Gives all spellings of a username the same form: trimmed, in lower case, in one width.
 *
 * @returns undefined if it is not a valid username
 */
export function normalizeUsername(text: string): string | undefined {
  const name = text.trim().normalize('NFKC').toLowerCase().normalize('NFKC')
  return /^[\p{L}\p{M}\p{N}._@-]{1,64}$/u.test(name) ? name : undefined
}

export type User = Selectable<Tables['users']>

export const findUser = (db: Queries, name: string): Promise<User | undefined> =>
  db.selectFrom('users').selectAll().where('username', '=', name).executeTakeFirst()

/** @throws AppError 404 "User not found" */
export async function requireUser(trx: Queries, who: Who): Promise<User> {
  const name = typeof who === 'string' ? normalizeUsername(who) : undefined
  const user =
    typeof who === 'number'
      ? await trx.selectFrom('users').selectAll().where('id', '=', who).executeTakeFirst()
      : name === undefined
        ? undefined
        : await findUser(trx, name)
  if (user !== undefined) return user
  throw new AppError('user-not-found', 404, 'User not found', {
    detail: `There is no user ${typeof who === 'number' ? `with id ${who}` : quote(who)}.`,
  })
}
