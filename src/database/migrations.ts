import { randomBytes, randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { fold } from '../fold.ts'
import { createAudit } from './audit-tables.ts'
import { columnTypes } from './column-types.ts'
import { isPostgres } from './engine.ts'
import { createMediaJson } from './media-json.ts'
import { leaveOutUnseen } from './migrations/0013-unseen-characters.ts'

/** How many rows one statement inserts. */
const TAGS_AT_ONCE = 10_000

/** In order; a released one is never changed. */
export const migrations: Record<string, Migration> = {
  '0001-library': { up: createLibrary },
  '0002-accounts': { up: createAccounts },
  '0003-tags': { up: createTags },
  '0004-unfinished': { up: createUnfinished },
  '0005-tokens-and-audit': { up: createAudit },
  '0007-media-json': { up: createMediaJson },
  '0010-scrub': { up: createScrub },
  '0013-unseen-characters': { up: leaveOutUnseen },
}

async function createLibrary(db: Kysely<unknown>): Promise<void> {
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

async function createAccounts(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { id, numbered, text } = columnTypes(db)

  await schema
    .createTable('roles')
    .addColumn('name', text, (column) => column.primaryKey())
    .execute()
  await schema
    .createTable('role_permissions')
    .addColumn('role', text, (column) => column.notNull().references('roles.name'))
    .addColumn('permission', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('role_permissions_pkey', ['role', 'permission'])
    .execute()
  const roles = {
    viewer: ['view-media'],
    editor: ['view-media', 'edit-media', 'add-media', 'delete-media'],
    admin: ['view-media', 'edit-media', 'add-media', 'delete-media', 'manage-accounts'],
  }
  for (const [role, permissions] of Object.entries(roles)) {
    await sql`INSERT INTO roles VALUES (${role})`.execute(db)
    for (const permission of permissions) {
      await sql`INSERT INTO role_permissions VALUES (${role}, ${permission})`.execute(db)
    }
  }

  await schema
    .createTable('users')
    .addColumn('id', id, numbered)
    .addColumn('username', text, (column) => column.notNull().unique())
    .addColumn('password_hash', text, (column) => column.notNull())
    .addColumn('disabled', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await schema
    .createTable('user_roles')
    .addColumn('user_id', id, (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('role', text, (column) => column.notNull().references('roles.name'))
    .addPrimaryKeyConstraint('user_roles_pkey', ['user_id', 'role'])
    .execute()

  await schema
    .createTable('sessions')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('user_id', id, (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('network', text, (column) => column.notNull())
    .addColumn('user_agent', text, (column) => column.notNull())
    .execute()
  await schema.createIndex('sessions_user_id').on('sessions').column('user_id').execute()

  await schema
    .createTable('refresh_tokens')
    .addColumn('hash', text, (column) => column.primaryKey())
    .addColumn('session_id', text, (column) =>
      column.notNull().references('sessions.id').onDelete('cascade'),
    )
    .addColumn('issued_at', 'bigint', (column) => column.notNull())
    .addColumn('first_used_at', 'bigint')
    .addColumn('successor_hash', text)
    .addColumn('successor_sealed', text)
    .execute()
  await schema
    .createIndex('refresh_tokens_session_id')
    .on('refresh_tokens')
    .column('session_id')
    .execute()

  await schema
    .createTable('login_attempts')
    .addColumn('key', text, (column) => column.primaryKey())
    .addColumn('failures', 'integer', (column) => column.notNull())
    .addColumn('window_started_at', 'bigint', (column) => column.notNull())
    .execute()
  await schema
    .createIndex('login_attempts_window_started_at')
    .on('login_attempts')
    .column('window_started_at')
    .execute()
}

async function createTags(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { text } = columnTypes(db)

  await schema
    .createTable('tags')
    .addColumn('tag', text, (column) => column.primaryKey())
    .addColumn('folded', text, (column) => column.notNull())
    .addColumn('count', 'bigint', (column) => column.notNull())
    .execute()
  await schema
    .createIndex('tags_by_count')
    .on('tags')
    // With the folded tag, a search reads nothing but this index; PostgreSQL's entries are too short.
    .columns(isPostgres(db) ? ['count desc', 'tag'] : ['count desc', 'tag', 'folded'])
    .execute()
  // On PostgreSQL there was no library before this.
  if (isPostgres(db)) return

  // What a row of a damaged database holds instead of tags is left out.
  const { rows } = await sql<{ tag: string; count: number }>`
    SELECT value AS tag, count(*) AS count
    FROM media, json_each(iif(json_valid(media.tags), media.tags, '[]')) AS entry
    WHERE entry.type = 'text'
    GROUP BY value`.execute(db)
  for (let start = 0; start < rows.length; start += TAGS_AT_ONCE) {
    const batch = rows.slice(start, start + TAGS_AT_ONCE)
    const values = batch.map(({ tag, count }) => [tag, fold(tag), count])
    await sql`
      INSERT INTO tags (tag, folded, count)
      SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(${JSON.stringify(values)})`.execute(
      db,
    )
  }
}

async function createUnfinished(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { text } = columnTypes(db)

  await schema
    .createTable('unfinished')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('arrival', text, (column) => column.notNull())
    .addColumn('source', text, (column) => column.notNull())
    .execute()
}

async function createScrub(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { id, text } = columnTypes(db)

  await schema
    .createTable('scrub')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('owner', text)
    .addColumn('last_file_id', id, (column) => column.notNull())
    .execute()
  await sql`INSERT INTO scrub VALUES (1, NULL, 0)`.execute(db)
}
