import { createHash } from 'node:crypto'
import { Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import pg from 'pg'
import { heard } from '../src/base/heard.ts'
import { migrations } from '../src/database/migrate.ts'
import { postgresDialect } from '../src/database/postgres-dialect.ts'
import { openSqlite, sqliteDialect } from '../src/database/sqlite.ts'
import type { Queries, Tables } from '../src/database/tables.ts'
import { insertEntries } from '../src/media/list/search.ts'
import { searchTexts } from './fill-library.ts'
import { locateDatabase } from './postgres.ts'

/** An item as versions before the texts of items had it. */
export interface OldItem {
  name: string
  tags: readonly string[]
  type: string
  size: number
  width: number
  height: number
}

/**
 * Makes the database of a data folder as the version left it whose last migration is `0014-item-triggers`, with items
 * 1, 2, 3… that have rows but no files. Item n was added n seconds after 1970.
 * @returns the items as that version listed them, as JSON
 */
export async function makeOldLibrary(data: string, items: readonly OldItem[]): Promise<string[]> {
  const { db, close } = await connect(data)
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
    const { error } = await migrator.migrateTo('0014-item-triggers')
    if (error) throw error
    return await db.transaction().execute(async (trx) => {
      await fill(trx, items)
      const rows = await trx.selectFrom('media_json').select('json').orderBy('id').execute()
      return rows.map(({ json }) => json)
    })
  } finally {
    await close()
  }
}

async function connect(data: string) {
  const location = await locateDatabase(data)
  if (typeof location === 'string') {
    const connection = openSqlite(location, 'write')
    const db = new Kysely<Tables>({ dialect: sqliteDialect(connection, 'write') })
    return { db, close: async () => connection.close() }
  }
  const pool = heard(new pg.Pool({ connectionString: location.url, max: 2 }))
  const db = new Kysely<Tables>({ dialect: postgresDialect(pool, 'BEGIN') })
  return { db, close: () => pool.end() }
}

/** Only by the columns that there were. */
async function fill(trx: Queries, items: readonly OldItem[]): Promise<void> {
  for (const [index, { name, tags, type, size, width, height }] of items.entries()) {
    const sha256 = createHash('sha256').update(String(index)).digest('hex')
    const [scaled, high] = [sha256.slice(0, 22), sha256.slice(22, 44)]
    const key = `originals/${sha256.slice(0, 3)}/${sha256.slice(0, 32)}.jpg`
    await sql`
      INSERT INTO files (sha256, key, type, size, width, height, frames, thumbhash, color,
        scaled_digest, high_digest, recipe)
      VALUES (${sha256}, ${key}, ${type}, ${size}, ${width}, ${height}, 1, 'AAAA', '#c81e1e',
        ${scaled}, ${high}, 2)`.execute(trx)
    await sql`
      INSERT INTO media (file_id, name, tags, added_at)
      SELECT id, ${name}, ${JSON.stringify(tags)}, ${1000 * (index + 1)}
      FROM files WHERE sha256 = ${sha256}`.execute(trx)
  }
  const counts = new Map<string, number>()
  for (const tag of items.flatMap(({ tags }) => tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  for (const [tag, count] of counts) {
    // The tags are ASCII.
    await sql`INSERT INTO tags (tag, folded, count)
      VALUES (${tag}, ${tag.toLowerCase()}, ${count})`.execute(trx)
  }
  for (const level of [10, 20]) {
    await sql`INSERT INTO media_counts (level, block, count)
      VALUES (${level}, 0, ${items.length})`.execute(trx)
  }
  await sql`UPDATE library SET version = ${items.length}, last_added_at = ${1000 * items.length}`.execute(
    trx,
  )
  await insertEntries(
    trx,
    items.map(({ name, tags }, index) => ({ id: index + 1, ...searchTexts(name, tags) })),
  )
}
