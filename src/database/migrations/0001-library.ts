import { randomBytes, randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { columnTypes, isPostgres } from './column-types.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { id, numbered, text } = columnTypes(db)

  await schema
    .createTable('library')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('uuid', text, (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('last_added_at', 'bigint', (column) => column.notNull())
    .execute()
  await sql`INSERT INTO library VALUES (1, ${randomUUID()}, 0, 0)`.execute(db)

  await schema
    .createTable('secrets')
    .addColumn('name', text, (column) => column.primaryKey())
    .addColumn('value', text, (column) => column.notNull())
    .execute()
  for (const name of ['access-token', 'delivery']) {
    const value = randomBytes(32).toString('base64url')
    await sql`INSERT INTO secrets VALUES (${name}, ${value})`.execute(db)
  }

  await schema
    .createTable('files')
    .addColumn('id', id, numbered)
    .addColumn('sha256', text, (column) => column.notNull().unique())
    .addColumn('key', text, (column) => column.notNull().unique())
    .addColumn('type', text, (column) => column.notNull())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('width', 'integer', (column) => column.notNull())
    .addColumn('height', 'integer', (column) => column.notNull())
    .addColumn('frames', 'integer', (column) => column.notNull())
    .addColumn('thumbhash', text, (column) => column.notNull())
    .addColumn('color', text, (column) => column.notNull())
    .addColumn('scaled_digest', text, (column) => column.notNull().unique())
    .addColumn('high_digest', text, (column) => column.notNull().unique())
    .execute()

  await schema
    .createTable('variants')
    .addColumn('file_id', id, (column) => column.notNull().references('files.id'))
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull().unique())
    .addColumn('sha256', text, (column) => column.notNull())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('width', 'integer', (column) => column.notNull())
    .addColumn('height', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('variants_pkey', ['file_id', 'name'])
    .execute()

  await schema
    .createTable('media')
    .addColumn('id', id, numbered)
    .addColumn('file_id', id, (column) => column.notNull().references('files.id'))
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('tags', text, (column) => column.notNull())
    .addColumn('added_at', 'bigint', (column) => column.notNull())
    .execute()
  await schema.createIndex('media_file_id').on('media').column('file_id').execute()

  await schema
    .createTable('media_counts')
    .addColumn('level', 'integer', (column) => column.notNull())
    .addColumn('block', 'bigint', (column) => column.notNull())
    .addColumn('count', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('media_counts_pkey', ['level', 'block'])
    .execute()

  await (isPostgres(db) ? createPostgresSearch(db) : createSqliteSearch(db))

  await schema
    .createTable('owners')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('host', text, (column) => column.notNull())
    .addColumn('pid', 'integer', (column) => column.notNull())
    .addColumn('started', text, (column) => column.notNull())
    .addColumn('lease_until', 'bigint', (column) => column.notNull())
    .execute()

  await schema
    .createTable('journal')
    .addColumn('key', text, (column) => column.primaryKey())
    .addColumn('owner', text)
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('claimed_at', 'bigint')
    .execute()
}

/** The n-gram index (see media/search.ts). It keeps no text of its own, only the grams. */
async function createSqliteSearch(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE VIRTUAL TABLE media_search USING fts5(
    grams, content='', contentless_delete=1, tokenize='ascii'
  )`.execute(db)
}

/**
 * The n-gram index (see media/search.ts) over the folded lines of each item. Without GIN's list of
 * pending entries, which searches would have to read through.
 */
async function createPostgresSearch(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE media_search (id bigint PRIMARY KEY, lines text COLLATE "C" NOT NULL)`.execute(
    db,
  )
  await sql`
    CREATE FUNCTION media_grams(lines text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 5000 AS $$
      DECLARE
        line text;
        characters text[];
        grams text[] := '{}';
        count int;
      BEGIN
        FOREACH line IN ARRAY string_to_array(lines, E'\\n') LOOP
          characters := string_to_array(line, NULL);
          count := cardinality(characters);
          FOR i IN 1..count LOOP
            grams := grams || characters[i];
            IF i < count THEN
              grams := grams || (characters[i] || characters[i + 1]);
            END IF;
            IF i + 1 < count THEN
              grams := grams || (characters[i] || characters[i + 1] || characters[i + 2]);
            END IF;
          END LOOP;
        END LOOP;
        RETURN array_to_tsvector(grams);
      END
    $$`.execute(db)
  await sql`
    CREATE INDEX media_search_grams ON media_search USING gin (media_grams(lines))
    WITH (fastupdate = off)`.execute(db)
}
