import { createHmac, randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { columnTypes, isPostgres } from './column-types.ts'

/** Derived images of any size, the keys of their addresses, and presets. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createRenditions(db)
  await createPresets(db)
  await addKeys(db)
  // The update of items would fire the triggers for each of them.
  const drop = isPostgres(db) ? DROP_POSTGRES : DROP_SQLITE
  for (const statement of drop) await sql.raw(statement).execute(db)
  await keyItems(db)
  for (const statement of isPostgres(db) ? POSTGRES : SQLITE) await sql.raw(statement).execute(db)
  await sql`UPDATE library SET version = version + 1 WHERE EXISTS (SELECT 1 FROM media)`.execute(db)
}

async function createRenditions(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { id, text } = columnTypes(db)
  await schema
    .createTable('renditions')
    .addColumn('file_id', id, (column) =>
      column.notNull().references('files.id').onDelete('cascade'),
    )
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull().unique())
    .addColumn('sha256', text, (column) => column.notNull())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('width', 'integer', (column) => column.notNull())
    .addColumn('height', 'integer', (column) => column.notNull())
    .addColumn('recipe', 'integer', (column) => column.notNull())
    .addColumn('asked_at', 'bigint', (column) => column.notNull())
    .addColumn('asks', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('renditions_pkey', ['file_id', 'name'])
    .execute()
  // The first ones are removed first.
  await schema
    .createIndex('renditions_by_use')
    .on('renditions')
    .columns(['asks', 'asked_at'])
    .execute()
  await schema
    .alterTable('library')
    .addColumn('rendition_bytes', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute()
  for (const statement of isPostgres(db) ? COUNT_POSTGRES : COUNT_SQLITE) {
    await sql.raw(statement).execute(db)
  }
}

async function createPresets(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { text } = columnTypes(db)
  await schema
    .createTable('presets')
    .addColumn('name', text, (column) => column.primaryKey())
    .addColumn('options', text, (column) => column.notNull())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .addColumn('changed_by', text)
    .execute()
  await schema
    .alterTable('library')
    .addColumn('preset_revision', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute()
  await sql`INSERT INTO role_permissions VALUES ('admin', 'manage-presets')`.execute(db)
  // For signed addresses.
  const secret = randomBytes(32).toString('base64url')
  await sql`INSERT INTO secrets VALUES ('signing', ${secret})`.execute(db)
}

async function addKeys(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { id, text } = columnTypes(db)
  await schema.alterTable('media').addColumn('focus_key', text).execute()
  await schema.alterTable('versions').addColumn('focus', text).execute()
  await schema.alterTable('versions').addColumn('focus_key', text).execute()
  for (const table of ['media', 'versions']) {
    await schema
      .createIndex(`${table}_focus_key`)
      .on(table)
      .column('focus_key')
      .where(sql.ref('focus_key'), 'is not', null)
      .execute()
  }
  await schema
    .createTable('earlier_keys')
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('media_id', id, (column) =>
      column.notNull().references('media.id').onDelete('cascade'),
    )
    .addColumn('file_id', id, (column) =>
      column.notNull().references('files.id').onDelete('cascade'),
    )
    .addPrimaryKeyConstraint('earlier_keys_pkey', ['key', 'media_id'])
    .execute()
  for (const column of ['media_id', 'file_id']) {
    await schema.createIndex(`earlier_keys_${column}`).on('earlier_keys').column(column).execute()
  }
}

/** Gives a key to each item that has a focus, as `focusKey` of the program does. */
async function keyItems(db: Kysely<unknown>): Promise<void> {
  const secrets = await sql<{ value: string }>`
    SELECT value FROM secrets WHERE name = 'delivery'`.execute(db)
  const secret = Buffer.from(secrets.rows[0]?.value ?? '', 'base64url')
  const { rows } = await sql<{ id: number; focus: string; sha256: string; recipe: number }>`
    SELECT media.id, focus, sha256, recipe FROM media JOIN files ON files.id = file_id
    WHERE focus IS NOT NULL`.execute(db)
  for (const { id, focus, sha256, recipe } of rows) {
    const { x, y } = JSON.parse(focus)
    const key = createHmac('sha256', secret)
      .update(`${sha256} focus ${x},${y} ${recipe}`)
      .digest()
      .subarray(0, 16)
      .toString('base64url')
    await sql`UPDATE media SET focus_key = ${key} WHERE id = ${id}`.execute(db)
  }
}

// Counts the bytes of all renditions.

const COUNT_SQLITE = [
  `CREATE TRIGGER renditions_added AFTER INSERT ON renditions BEGIN
  UPDATE library SET rendition_bytes = rendition_bytes + new.size;
END`,
  `CREATE TRIGGER renditions_removed AFTER DELETE ON renditions BEGIN
  UPDATE library SET rendition_bytes = rendition_bytes - old.size;
END`,
]

const COUNT_POSTGRES = [
  `CREATE FUNCTION count_renditions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE library SET rendition_bytes = rendition_bytes + new.size;
  ELSE
    UPDATE library SET rendition_bytes = rendition_bytes - old.size;
  END IF;
  RETURN NULL;
END $$`,
  `CREATE TRIGGER renditions_counted AFTER INSERT OR DELETE ON renditions
  FOR EACH ROW EXECUTE FUNCTION count_renditions()`,
]

const DROP_SQLITE = [
  'DROP TRIGGER media_json_added',
  'DROP TRIGGER media_json_edited',
  'DROP TRIGGER media_json_removed',
  'DROP TRIGGER media_json_file_changed',
]

const DROP_POSTGRES = [
  'DROP TRIGGER media_json_added ON media',
  'DROP TRIGGER media_json_edited ON media',
  'DROP TRIGGER media_json_removed ON media',
  'DROP TRIGGER media_json_file_changed ON files',
]

// Printed by `node src/media/item-triggers.ts`; what is the same in several statements stands once.

const SQLITE_JSON = `concat(
    '{"id":',
    m.id,
    ',"name":',
    json_quote(m.name),
    ',"path":',
    json_quote(f.key),
    ',"timestamp":',
    '"' || strftime('%Y-%m-%dT%H:%M:%fZ', m.added_at / 1000.0, 'unixepoch') || '"',
    ',"tags":',
    iif(json_valid(m.tags), json(m.tags), '[]'),
    ',"type":',
    json_quote(f.type),
    ',"size":',
    f.size,
    ',"width":',
    f.width,
    ',"height":',
    f.height,
    ',"frames":',
    f.frames,
    ',"thumbhash":',
    json_quote(f.thumbhash),
    ',"color":',
    json_quote(f.color),
    ',"fileName":',
    json_quote(m.file_name),
    ',"alt":',
    json_quote(m.alt),
    ',"description":',
    json_quote(m.description),
    ',"credit":',
    json_quote(m.credit),
    ',"copyright":',
    json_quote(m.copyright),
    ',"source":',
    json_quote(m.source),
    ',"rating":',
    m.rating,
    ',"focus":',
    coalesce(m.focus, 'null'),
    ',"takenAt":',
    json_quote(m.taken_at),
    ',"collections":',
    m.collections,
    ',"addedBy":',
    json_quote(m.added_by),
    ',"changedAt":',
    '"' || strftime('%Y-%m-%dT%H:%M:%fZ', m.changed_at / 1000.0, 'unixepoch') || '"',
    ',"revision":',
    m.revision,
    ',"urls":{"scaled":"/media/file/',
    coalesce(m.focus_key, f.scaled_digest),
    '/scaled.webp","high":"/media/file/',
    coalesce(m.focus_key, f.scaled_digest),
    '/high.webp","template":"/media/file/',
    coalesce(m.focus_key, f.scaled_digest),
    '/w_{width}.webp"}}'
  )`

const SQLITE = [
  `CREATE TRIGGER media_json_added AFTER INSERT ON media BEGIN
  INSERT INTO media_json (id, json)
  SELECT m.id, ${SQLITE_JSON}
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL AND m.id = new.id
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
END`,
  `CREATE TRIGGER media_json_edited AFTER UPDATE ON media BEGIN
  DELETE FROM media_json WHERE id = new.id AND new.trashed_at IS NOT NULL;
  INSERT INTO media_json (id, json)
  SELECT m.id, ${SQLITE_JSON}
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL AND m.id = new.id
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
END`,
  `CREATE TRIGGER media_json_removed AFTER DELETE ON media BEGIN
  DELETE FROM media_json WHERE id = old.id;
END`,
  `CREATE TRIGGER media_json_file_changed AFTER UPDATE OF key, type, size, width, height, frames, thumbhash, color, scaled_digest ON files BEGIN
  INSERT INTO media_json (id, json)
  SELECT m.id, ${SQLITE_JSON}
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL AND f.id = new.id
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
END`,
  `INSERT INTO media_json (id, json)
  SELECT m.id, ${SQLITE_JSON}
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL
  ON CONFLICT (id) DO UPDATE SET json = excluded.json`,
]

const POSTGRES_JSON = `concat(
    '{"id":',
    m.id,
    ',"name":',
    to_json(m.name),
    ',"path":',
    to_json(f.key),
    ',"timestamp":',
    to_json(to_char(timestamp 'epoch' + m.added_at * interval '1 millisecond', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
    ',"tags":',
    readable_tags(m.tags),
    ',"type":',
    to_json(f.type),
    ',"size":',
    f.size,
    ',"width":',
    f.width,
    ',"height":',
    f.height,
    ',"frames":',
    f.frames,
    ',"thumbhash":',
    to_json(f.thumbhash),
    ',"color":',
    to_json(f.color),
    ',"fileName":',
    coalesce(to_json(m.file_name)::text, 'null'),
    ',"alt":',
    coalesce(to_json(m.alt)::text, 'null'),
    ',"description":',
    coalesce(to_json(m.description)::text, 'null'),
    ',"credit":',
    coalesce(to_json(m.credit)::text, 'null'),
    ',"copyright":',
    coalesce(to_json(m.copyright)::text, 'null'),
    ',"source":',
    coalesce(to_json(m.source)::text, 'null'),
    ',"rating":',
    m.rating,
    ',"focus":',
    coalesce(m.focus, 'null'),
    ',"takenAt":',
    coalesce(to_json(m.taken_at)::text, 'null'),
    ',"collections":',
    m.collections,
    ',"addedBy":',
    coalesce(to_json(m.added_by)::text, 'null'),
    ',"changedAt":',
    to_json(to_char(timestamp 'epoch' + m.changed_at * interval '1 millisecond', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
    ',"revision":',
    m.revision,
    ',"urls":{"scaled":"/media/file/',
    coalesce(m.focus_key, f.scaled_digest),
    '/scaled.webp","high":"/media/file/',
    coalesce(m.focus_key, f.scaled_digest),
    '/high.webp","template":"/media/file/',
    coalesce(m.focus_key, f.scaled_digest),
    '/w_{width}.webp"}}'
  )`

const POSTGRES = [
  `CREATE OR REPLACE FUNCTION media_json_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO media_json (id, json)
  SELECT m.id, ${POSTGRES_JSON}
  FROM changed AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
  RETURN NULL;
END $$`,
  `CREATE OR REPLACE TRIGGER media_json_added AFTER INSERT ON media REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION media_json_added()`,
  `CREATE OR REPLACE FUNCTION media_json_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM media_json USING changed
  WHERE media_json.id = changed.id AND changed.trashed_at IS NOT NULL;
  INSERT INTO media_json (id, json)
  SELECT m.id, ${POSTGRES_JSON}
  FROM changed AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
  RETURN NULL;
END $$`,
  `CREATE OR REPLACE TRIGGER media_json_edited AFTER UPDATE ON media REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION media_json_edited()`,
  `CREATE OR REPLACE FUNCTION media_json_file_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO media_json (id, json)
  SELECT m.id, ${POSTGRES_JSON}
  FROM changed AS f JOIN media AS m ON m.file_id = f.id WHERE m.trashed_at IS NULL
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
  RETURN NULL;
END $$`,
  `CREATE OR REPLACE TRIGGER media_json_file_changed AFTER UPDATE ON files REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION media_json_file_changed()`,
  `CREATE OR REPLACE FUNCTION media_json_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM media_json USING gone WHERE media_json.id = gone.id;
  RETURN NULL;
END $$`,
  `CREATE OR REPLACE TRIGGER media_json_removed AFTER DELETE ON media REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION media_json_removed()`,
  `INSERT INTO media_json (id, json)
  SELECT m.id, ${POSTGRES_JSON}
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL
  ON CONFLICT (id) DO UPDATE SET json = excluded.json`,
]
