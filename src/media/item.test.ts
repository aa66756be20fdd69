import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import { isPostgres } from '../database/engine.ts'
import type { Queries } from '../database/tables.ts'
import { selectItems, toItem } from './item.ts'
import { itemTriggers } from './item-triggers.ts'

const NAMES = [
  '"quoted" \\ / and %s %d',
  'été 東京 🏝️',
  '\u2028\u2029\u007f',
  '{"id":1}',
  "l'été",
  '0',
]
/** Milliseconds: the first, ends of seconds, days and years, and some between. */
const TIMES = [
  0, 1, 999, 1000, 86_399_999, 1_709_251_199_999, 1_767_225_599_999, 253_402_300_799_999,
]
const MANY_TIMES = Array.from(
  { length: 500 },
  (_, index) => (index * 3_571_234_567) % 4_102_444_800_000,
)

const file = (id: number) => ({
  id,
  sha256: `hash ${id}`,
  key: `originals/abc/${id}.jpg`,
  type: 'image/jpeg',
  size: 5_000_000_000,
  width: 4000,
  height: 3000,
  frames: 1,
  thumbhash: 'a+/=',
  color: '#0a0b0c',
  scaled_digest: `scaled ${id}`,
  high_digest: `high ${id}`,
})

/** The JSON that lists show, and the JSON that they must show: that of the items, read one by one. */
async function readBoth(db: Queries) {
  const shown = await db.selectFrom('media_json').selectAll().orderBy('id').execute()
  const rows = await selectItems(db).orderBy('media.id').execute()
  const items = rows.map((row) => ({ id: row.id, json: JSON.stringify(toItem(row)) }))
  return { shown, items }
}

async function fill(db: Queries) {
  await db
    .insertInto('files')
    .values([file(1), file(2)])
    .execute()
  const values = [...NAMES, ...TIMES, ...MANY_TIMES].map((value, index) => ({
    file_id: 1 + (index % 2),
    name: String(value),
    tags: JSON.stringify(index % 3 === 0 ? [] : [String(value), 'tag']),
    added_at: typeof value === 'number' ? value : 1_700_000_000_123,
  }))
  await db.insertInto('media').values(values).execute()
}

describe('the JSON of lists', () => {
  it('equals that of each item, byte for byte', async () => {
    const database = await openTemporaryDatabase()
    await database.write(fill)
    const { shown, items } = await readBoth(database.read)
    expect(items.length).toBe(NAMES.length + TIMES.length + MANY_TIMES.length)
    expect(shown).toEqual(items)
  })

  it('follows every change of items and files, and of nothing else', async () => {
    const database = await openTemporaryDatabase()
    await database.write(async (trx) => {
      await fill(trx)
      await trx
        .updateTable('media')
        .set({ name: 'new', tags: '["x"]' })
        .where('id', '<', 9)
        .execute()
      await trx.updateTable('media').set({ file_id: 2 }).where('id', '=', 11).execute()
      await trx.updateTable('files').set({ key: 'originals/new.png' }).where('id', '=', 2).execute()
      await trx.deleteFrom('media').where('id', 'in', [3, 10]).execute()
    })
    const { shown, items } = await readBoth(database.read)
    expect(shown).toEqual(items)
    expect(shown.filter(({ json }) => json.includes('"name":"new"')).length).toBe(7)
    expect(shown.some(({ json }) => json.includes('originals/new.png'))).toBe(true)
  })
})

it('the triggers of the database are those that the description of an item makes', async () => {
  const { read } = await openTemporaryDatabase()
  const { rows } = isPostgres(read)
    ? await sql<{ source: string }>`
        SELECT btrim(prosrc, E'\\n') AS source FROM pg_proc WHERE proname LIKE 'media!_json!_%' ESCAPE '!'`.execute(
        read,
      )
    : await sql<{ source: string }>`
        SELECT sql AS source FROM sqlite_master
        WHERE type = 'trigger' AND name LIKE 'media!_json!_%' ESCAPE '!'`.execute(read)
  const described = itemTriggers(isPostgres(read) ? 'postgres' : 'sqlite').join('\n')
  expect(rows.length).toBe(4)
  for (const { source } of rows) expect(described).toContain(source)
})
