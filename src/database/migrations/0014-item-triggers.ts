import { type Kysely, sql } from 'kysely'
import { isPostgres } from './column-types.ts'

/**
 * Makes the triggers of `media_json` anew, from the one description of an item. They write the same JSON as before,
 * so the rows stay.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of isPostgres(db) ? POSTGRES : SQLITE) await sql.raw(statement).execute(db)
}

// Printed by `node src/media/item-triggers.ts`.

const SQLITE = [
  'DROP TRIGGER media_json_added',
  'DROP TRIGGER media_json_edited',
  'DROP TRIGGER media_json_removed',
  'DROP TRIGGER media_json_file_changed',
  `CREATE TRIGGER media_json_added AFTER INSERT ON media BEGIN
  INSERT INTO media_json (id, json)
  SELECT m.id, concat(
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
    ',"thumbhash":',
    json_quote(f.thumbhash),
    ',"color":',
    json_quote(f.color),
    ',"urls":{"scaled":"/media/file/',
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE m.id = new.id
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
END`,
  `CREATE TRIGGER media_json_edited AFTER UPDATE ON media BEGIN
  INSERT INTO media_json (id, json)
  SELECT m.id, concat(
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
    ',"thumbhash":',
    json_quote(f.thumbhash),
    ',"color":',
    json_quote(f.color),
    ',"urls":{"scaled":"/media/file/',
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE m.id = new.id
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
END`,
  `CREATE TRIGGER media_json_removed AFTER DELETE ON media BEGIN
  DELETE FROM media_json WHERE id = old.id;
END`,
  `CREATE TRIGGER media_json_file_changed AFTER UPDATE OF key, type, size, width, height, thumbhash, color, scaled_digest, high_digest ON files BEGIN
  INSERT INTO media_json (id, json)
  SELECT m.id, concat(
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
    ',"thumbhash":',
    json_quote(f.thumbhash),
    ',"color":',
    json_quote(f.color),
    ',"urls":{"scaled":"/media/file/',
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE f.id = new.id
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
END`,
]

const POSTGRES = [
  `CREATE OR REPLACE FUNCTION media_json_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO media_json (id, json)
  SELECT m.id, concat(
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
    ',"thumbhash":',
    to_json(f.thumbhash),
    ',"color":',
    to_json(f.color),
    ',"urls":{"scaled":"/media/file/',
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
  FROM changed AS m JOIN files AS f ON f.id = m.file_id
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
  RETURN NULL;
END $$`,
  `CREATE OR REPLACE TRIGGER media_json_added AFTER INSERT ON media REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION media_json_added()`,
  `CREATE OR REPLACE FUNCTION media_json_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO media_json (id, json)
  SELECT m.id, concat(
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
    ',"thumbhash":',
    to_json(f.thumbhash),
    ',"color":',
    to_json(f.color),
    ',"urls":{"scaled":"/media/file/',
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
  FROM changed AS m JOIN files AS f ON f.id = m.file_id
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
  RETURN NULL;
END $$`,
  `CREATE OR REPLACE TRIGGER media_json_edited AFTER UPDATE ON media REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION media_json_edited()`,
  `CREATE OR REPLACE FUNCTION media_json_file_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO media_json (id, json)
  SELECT m.id, concat(
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
    ',"thumbhash":',
    to_json(f.thumbhash),
    ',"color":',
    to_json(f.color),
    ',"urls":{"scaled":"/media/file/',
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
  FROM changed AS f JOIN media AS m ON m.file_id = f.id
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
]
