import { AppError } from '../base/errors.ts'
import type { Arrival, Queries } from './tables.ts'

const WORDS: Record<Arrival, string> = {
  copy: 'A copy into this library was not finished; run vitrine copy again.',
  restore: 'A backup was not restored to its end into this library; run vitrine restore again.',
}

/** What is being brought into the library, if it is not whole yet. */
export const readUnfinished = (db: Queries) =>
  db.selectFrom('unfinished').select(['arrival', 'source']).executeTakeFirst()

/** @throws AppError if the library is not whole yet */
export async function requireFinished(db: Queries): Promise<void> {
  const unfinished = await readUnfinished(db)
  if (!unfinished) return
  throw new AppError('library-unfinished', 500, 'Library not finished', {
    detail: WORDS[unfinished.arrival],
  })
}
