import { createHmac } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { columnTypes, isPostgres } from './column-types.ts'

/** KiB of pages that SQLite keeps meanwhile: digests come in no order, and each is a place of its own in an index. */
const CACHE_KIB = 256 * 1024

/** Files moved at a time. */
const BATCH = 10_000

/** Of these the second recipe makes other images than the first did. */
const CHANGED = sql`('image/png', 'image/avif', 'image/gif')`

/**
 * Files and variants say by which recipe they are. Files of the formats that look otherwise by the second one
 * get its addresses; their earlier ones are kept, so that they lead to these. Their variants stay, known by
 * their recipe for what is to be made anew.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { id, text } = columnTypes(db)
  for (const table of ['files', 'variants']) {
    await schema
      .alterTable(table)
      .addColumn('recipe', 'integer', (column) => column.notNull().defaultTo(1))
      .execute()
  }
  await schema
    .createTable('earlier_addresses')
    .addColumn('file_id', id, (column) =>
      column.notNull().references('files.id').onDelete('cascade'),
    )
    .addColumn('recipe', 'integer', (column) => column.notNull())
    .addColumn('scaled_digest', text, (column) => column.notNull().unique())
    .addColumn('high_digest', text, (column) => column.notNull().unique())
    .addPrimaryKeyConstraint('earlier_addresses_pkey', ['file_id', 'recipe'])
    .execute()
  await withLargeCache(db, () => moveAll(db))
  await sql`UPDATE library SET version = version + 1 WHERE EXISTS (SELECT 1 FROM files)`.execute(db)
}

async function withLargeCache(db: Kysely<unknown>, work: () => Promise<void>): Promise<void> {
  if (isPostgres(db)) return work()
  const { rows } = await sql<{ cache_size: number }>`PRAGMA cache_size`.execute(db)
  const [before] = rows
  await sql`PRAGMA cache_size = ${sql.lit(-CACHE_KIB)}`.execute(db)
  await work()
  if (before) await sql`PRAGMA cache_size = ${sql.lit(before.cache_size)}`.execute(db)
}

async function moveAll(db: Kysely<unknown>): Promise<void> {
  await sql`
    INSERT INTO earlier_addresses (file_id, recipe, scaled_digest, high_digest)
    SELECT id, 1, scaled_digest, high_digest FROM files WHERE type IN ${CHANGED}`.execute(db)
  const secrets = await sql<{ value: string }>`
    SELECT value FROM secrets WHERE name = 'delivery'`.execute(db)
  const secret = Buffer.from(secrets.rows[0]?.value ?? '', 'base64url')
  const digest = (sha256: string, variant: string) =>
    createHmac('sha256', secret)
      .update(`${sha256} ${variant} 2`)
      .digest()
      .subarray(0, 16)
      .toString('base64url')

  for (let after = 0; ; ) {
    const { rows } = await sql<{ id: number; sha256: string }>`
      SELECT id, sha256 FROM files WHERE type IN ${CHANGED} AND id > ${after}
      ORDER BY id LIMIT ${sql.lit(BATCH)}`.execute(db)
    const last = rows.at(-1)
    if (!last) break
    const moved = rows.map(({ id, sha256 }) => ({
      id,
      scaled: digest(sha256, 'scaled'),
      high: digest(sha256, 'high'),
    }))
    await move(db, JSON.stringify(moved))
    after = last.id
    if (rows.length < BATCH) break
  }
}

/** Triggers write the addresses to where lists are read from. */
async function move(db: Kysely<unknown>, moved: string): Promise<void> {
  await (isPostgres(db)
    ? sql`
        UPDATE files SET recipe = 2, scaled_digest = moved.scaled, high_digest = moved.high
        FROM json_to_recordset(${moved}::json) AS moved(id bigint, scaled text, high text)
        WHERE files.id = moved.id`
    : sql`
        UPDATE files SET recipe = 2, scaled_digest = moved.value ->> 'scaled',
          high_digest = moved.value ->> 'high'
        FROM json_each(${moved}) AS moved WHERE files.id = moved.value ->> 'id'`
  ).execute(db)
}
