import { type Kysely, sql } from 'kysely'
import { isPostgres } from './column-types.ts'

/**
 * `media_json` holds each item as lists show it (`MediaItem` as JSON), so that a page is read and sent
 * as it is. Triggers keep it in step with its item and its file, whoever writes those.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await (isPostgres(db) ? createPostgresMediaJson(db) : createSqliteMediaJson(db))
}

/** What of an item's file is in its JSON. */
const FILE_COLUMNS = 'key, type, size, width, height, thumbhash, color, scaled_digest, high_digest'

async function createSqliteMediaJson(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE media_json (id INTEGER PRIMARY KEY, json TEXT NOT NULL)`.execute(db)
  // Tags that are damaged are shown as none: they must not keep anybody from all the other items.
  const write = (where: string) => `
    INSERT INTO media_json (id, json)
    SELECT m.id, format(
      '{"id":%d,"name":%s,"path":%s,"timestamp":"%s","tags":%s,"type":"%s","size":%d,"width":%d,' ||
      '"height":%d,"thumbhash":"%s","color":"%s",' ||
      '"urls":{"scaled":"/media/file/%s/scaled.webp","high":"/media/file/%s/high.webp"}}',
      m.id, json_quote(m.name), json_quote(f.key),
      strftime('%Y-%m-%dT%H:%M:%fZ', m.added_at / 1000.0, 'unixepoch'),
      iif(json_valid(m.tags), json(m.tags), '[]'),
      f.type, f.size, f.width, f.height, f.thumbhash, f.color, f.scaled_digest, f.high_digest
    )
    FROM media AS m JOIN files AS f ON f.id = m.file_id
    WHERE ${where}
    ON CONFLICT (id) DO UPDATE SET json = excluded.json`
  for (const statement of [
    `CREATE TRIGGER media_json_added AFTER INSERT ON media BEGIN ${write('m.id = new.id')}; END`,
    `CREATE TRIGGER media_json_edited AFTER UPDATE ON media BEGIN ${write('m.id = new.id')}; END`,
    `CREATE TRIGGER media_json_removed AFTER DELETE ON media BEGIN
      DELETE FROM media_json WHERE id = old.id; END`,
    `CREATE TRIGGER media_json_file_changed AFTER UPDATE OF ${FILE_COLUMNS} ON files BEGIN
      ${write('f.id = new.id')}; END`,
    write('true'),
  ]) {
    await sql.raw(statement).execute(db)
  }
}

async function createPostgresMediaJson(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE media_json (id bigint PRIMARY KEY, json text COLLATE "C" NOT NULL)`.execute(
    db,
  )
  // As on SQLite: what is no JSON is shown as none.
  await sql`
    CREATE FUNCTION readable_tags(tags text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
      BEGIN RETURN tags::json; EXCEPTION WHEN others THEN RETURN '[]'; END $$`.execute(db)
  const write = (from: string) => `
    INSERT INTO media_json (id, json)
    SELECT m.id, concat(
      '{"id":', m.id, ',"name":', to_json(m.name), ',"path":', to_json(f.key),
      ',"timestamp":"', to_char(
        timestamp 'epoch' + m.added_at * interval '1 millisecond', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
      ),
      '","tags":', readable_tags(m.tags), ',"type":"', f.type, '","size":', f.size,
      ',"width":', f.width, ',"height":', f.height,
      ',"thumbhash":"', f.thumbhash, '","color":"', f.color,
      '","urls":{"scaled":"/media/file/', f.scaled_digest, '/scaled.webp",',
      '"high":"/media/file/', f.high_digest, '/high.webp"}}'
    )
    FROM ${from}
    ON CONFLICT (id) DO UPDATE SET json = excluded.json`
  const trigger = (name: string, event: string, tables: string, statement: string) => [
    `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN ${statement}; RETURN NULL; END $$`,
    `CREATE TRIGGER ${name} AFTER ${event} REFERENCING ${tables}
      FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`,
  ]
  const ofMedia = write('changed AS m JOIN files AS f ON f.id = m.file_id')
  const ofFiles = write('changed AS f JOIN media AS m ON m.file_id = f.id')
  for (const statement of [
    ...trigger('media_json_added', 'INSERT ON media', 'NEW TABLE AS changed', ofMedia),
    ...trigger('media_json_edited', 'UPDATE ON media', 'NEW TABLE AS changed', ofMedia),
    ...trigger('media_json_file_changed', 'UPDATE ON files', 'NEW TABLE AS changed', ofFiles),
    ...trigger(
      'media_json_removed',
      'DELETE ON media',
      'OLD TABLE AS gone',
      'DELETE FROM media_json USING gone WHERE media_json.id = gone.id',
    ),
    write('media AS m JOIN files AS f ON f.id = m.file_id'),
  ]) {
    await sql.raw(statement).execute(db)
  }
}
