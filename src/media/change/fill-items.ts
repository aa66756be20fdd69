import { COMMAND_LINE, recordAudit } from '../../audit/record.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { factColumns, type Said } from '../said.ts'
import type { ItemState } from './derived.ts'

/**
 * Fills what is empty in items by what their file says. A focus is left out: it would change the addresses of images.
 * The caller updates what is derived.
 * @returns how many items were changed
 */
export async function fillItems(
  trx: Queries,
  items: readonly ItemState[],
  said: Said,
  now: Milliseconds,
): Promise<number> {
  const { location, exif } = factColumns(said)
  const ids: number[] = []
  const membersSet = new Set<string>()
  for (const item of items) {
    const next = {
      alt: item.alt ?? said.alt ?? null,
      description: item.description ?? said.description ?? null,
      credit: item.credit ?? said.credit ?? null,
      copyright: item.copyright ?? said.copyright ?? null,
      takenAt: item.taken_at ?? said.takenAt ?? null,
      rating: item.rating || (said.rating ?? 0),
    }
    const present: typeof next = { ...item, takenAt: item.taken_at }
    const names = Object.keys(next) as (keyof typeof next)[]
    const filled = names.filter((name) => next[name] !== present[name])
    if (filled.length === 0 && location === null && exif === null) continue
    const { alt, description, credit, copyright, takenAt, rating } = next
    const texts = [alt, description, credit, copyright, takenAt] as const
    await runIn(trx, updateItem, item.id, ...texts, rating, location, exif, now)
    ids.push(item.id)
    for (const name of filled) membersSet.add(name)
  }
  if (membersSet.size > 0) {
    const detail = { ids, membersSet: [...membersSet] }
    await recordAudit(trx, COMMAND_LINE, { action: 'media-edited', detail }, now)
  }
  return ids.length
}

const updateItem = prepare(
  (
    db,
    id: Parameter<number>,
    alt: Parameter<string | null>,
    description: Parameter<string | null>,
    credit: Parameter<string | null>,
    copyright: Parameter<string | null>,
    taken_at: Parameter<string | null>,
    rating: Parameter<number>,
    location: Parameter<string | null>,
    exif: Parameter<string | null>,
    changed_at: Parameter<number>,
  ) =>
    db
      .updateTable('media')
      .set({ alt, description, credit, copyright, taken_at, rating, location, exif, changed_at })
      .set((row) => ({ revision: row('revision', '+', row.lit(1)) }))
      .where('id', '=', id)
      .compile(),
)
