import { AppError } from '../base/errors.ts'
import type { Arrival, Queries } from './tables.ts'

const WORDS: Record<Arrival, string> = {
  copy: 'A copy into this library was not finished; run vitrine copy again.',
  restore: 'A restore into this library was not finished; run vitrine restore again.',
}

/** The copy or restore into the library that is not finished, if there is one. */
export const readUnfinished = (db: Queries) =>
  db.selectFrom('unfinished').select(['arrival', 'source']).executeTakeFirst()

/** @throws AppError if a copy or restore into the library is not finished */
export async function requireFinished(db: Queries): Promise<void> {
  const unfinished = await readUnfinished(db)
  if (!unfinished) return
  throw new AppError('library-unfinished', 500, 'Library not finished', {
    detail: WORDS[unfinished.arrival],
  })
}
