import type { Queries } from '../database/tables.ts'
import type { Revealed } from '../images/file-metadata.ts'
import { parseReveals } from '../media/said.ts'

const FILES_AT_ONCE = 500

/** An original that reveals something of people. */
export interface Revealing {
  id: number
  reveals: readonly Revealed[]
}

/** Finds the originals, also of earlier versions, that carry a position, a serial number or marked faces. */
export async function* listRevealing(db: Queries): AsyncGenerator<Revealing> {
  for (let last = 0; ; ) {
    const rows = await db
      .selectFrom('files')
      .select(['id', 'reveals'])
      .where('reveals', '!=', '')
      .where('id', '>', last)
      .orderBy('id')
      .limit(FILES_AT_ONCE)
      .execute()
    for (const { id, reveals } of rows) yield { id, reveals: parseReveals(reveals) }
    if (rows.length < FILES_AT_ONCE) return
    last = rows.at(-1)?.id ?? last
  }
}
