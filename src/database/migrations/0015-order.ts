import { type Kysely, sql } from 'kysely'
import { columnTypes, isPostgres } from './column-types.ts'

/**
 * What people say of items, versions of their files, collections, the trash, and the tables by which lists are
 * filtered and ordered. Those last ones stay empty here: the program fills them when it opens the library and finds
 * `library.derived` at 0.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addItemColumns(db)
  await createTrash(db)
  await createVersions(db)
  await createCollections(db)
  await createFacets(db)
  await createOrders(db)
  await createDoubles(db)
  await db.schema
    .alterTable('tags')
    .addColumn('key', columnTypes(db).text, (column) => column.notNull().defaultTo(''))
    .execute()
  // For the spelling that most items have.
  await db.schema
    .createIndex('tags_by_key')
    .on('tags')
    .columns(['key', 'count desc', 'tag'])
    .execute()
  // Lists of tags are read from the facets now.
  await db.schema.dropIndex('tags_by_count').execute()
  await db.schema
    .alterTable('library')
    .addColumn('derived', 'integer', (column) => column.notNull().defaultTo(0))
    .execute()
  await db.schema.alterTable('library').addColumn('deriver', columnTypes(db).text).execute()
  // The update of all items would fire the triggers for each of them.
  const drop = isPostgres(db) ? DROP_POSTGRES : DROP_SQLITE
  for (const statement of drop) await sql.raw(statement).execute(db)
  await sql`UPDATE media SET changed_at = added_at`.execute(db)
  for (const statement of isPostgres(db) ? POSTGRES : SQLITE) await sql.raw(statement).execute(db)
  await sql`UPDATE library SET version = version + 1 WHERE EXISTS (SELECT 1 FROM media)`.execute(db)
}

async function addItemColumns(db: Kysely<unknown>): Promise<void> {
  const { text } = columnTypes(db)
  const add = (
    name: string,
    type: typeof text | 'bigint' | 'integer',
    fallback?: string | number,
  ) =>
    db.schema
      .alterTable('media')
      .addColumn(name, type, (column) =>
        fallback === undefined ? column : column.notNull().defaultTo(fallback),
      )
      .execute()
  for (const name of ['file_name', 'alt', 'description', 'credit', 'copyright', 'source']) {
    await add(name, text)
  }
  await add('rating', 'integer', 0)
  await add('focus', text)
  await add('taken_at', text)
  await add('translations', text, '{}')
  await add('location', text)
  await add('exif', text)
  await add('collections', text, '[]')
  await add('added_by', text)
  await add('changed_at', 'bigint', 0)
  await add('revision', 'bigint', 1)
  await add('trashed_at', 'bigint')
  await add('trashed_by', text)
  await add('merged_into', 'bigint')
}

async function createTrash(db: Kysely<unknown>): Promise<void> {
  const { id, text } = columnTypes(db)
  // Finds the items that have been in the trash for too long.
  await db.schema
    .createIndex('media_trashed')
    .on('media')
    .columns(['trashed_at', 'id'])
    .where(sql.ref('trashed_at'), 'is not', null)
    .execute()
  // Finds the items that were merged into one.
  await db.schema
    .createIndex('media_merged_into')
    .on('media')
    .column('merged_into')
    .where(sql.ref('merged_into'), 'is not', null)
    .execute()
  // So that a file shows whether an item outside of the trash has it, however many items do.
  await db.schema.dropIndex('media_file_id').execute()
  await db.schema
    .createIndex('media_file_id')
    .on('media')
    .columns(['file_id', 'trashed_at'])
    .execute()
  await db.schema
    .createTable('moved_addresses')
    .addColumn('address', text, (column) => column.primaryKey())
    .addColumn('media_id', id, (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('moved_addresses_media_id')
    .on('moved_addresses')
    .column('media_id')
    .execute()
  await db.schema
    .createTable('trash_purge')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('owner', text)
    .execute()
  await sql`INSERT INTO trash_purge VALUES (1, NULL)`.execute(db)
}

async function createVersions(db: Kysely<unknown>): Promise<void> {
  const { id, text } = columnTypes(db)
  await db.schema
    .createTable('versions')
    .addColumn('media_id', id, (column) =>
      column.notNull().references('media.id').onDelete('cascade'),
    )
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('file_id', id, (column) => column.notNull().references('files.id'))
    .addColumn('added_at', 'bigint', (column) => column.notNull())
    .addColumn('added_by', text)
    .addColumn('file_name', text)
    .addPrimaryKeyConstraint('versions_pkey', ['media_id', 'version'])
    .execute()
  await db.schema.createIndex('versions_file_id').on('versions').column('file_id').execute()
}

async function createCollections(db: Kysely<unknown>): Promise<void> {
  const { id, numbered, text } = columnTypes(db)
  await db.schema
    .createTable('collections')
    .addColumn('id', id, numbered)
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('folded', text, (column) => column.notNull())
    .addColumn('description', text)
    .addColumn('parent', id)
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('cover', id, (column) => column.references('media.id').onDelete('set null'))
    .addColumn('query', text)
    .addColumn('deleted', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('cleaner', text)
    .execute()
  // NULL differs from NULL in a unique index, so the collections at the top have 0 for a parent there.
  await sql`CREATE UNIQUE INDEX collections_siblings ON collections (coalesce(parent, 0), folded)
    WHERE deleted = 0`.execute(db)
  await db.schema.createIndex('collections_parent').on('collections').column('parent').execute()
  await db.schema.createIndex('collections_cover').on('collections').column('cover').execute()
  await db.schema
    .createTable('collection_items')
    .addColumn('collection_id', id, (column) => column.notNull().references('collections.id'))
    .addColumn('media_id', id, (column) =>
      column.notNull().references('media.id').onDelete('cascade'),
    )
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('collection_items_pkey', ['collection_id', 'media_id'])
    .modifyEnd(withoutRowid(db))
    .execute()
  await db.schema
    .createIndex('collection_items_media')
    .on('collection_items')
    .column('media_id')
    .execute()
  await db.schema
    .createIndex('collection_items_order')
    .on('collection_items')
    .columns(['collection_id', 'position'])
    .execute()
}

async function createFacets(db: Kysely<unknown>): Promise<void> {
  const { id, numbered, text } = columnTypes(db)
  await db.schema
    .createTable('facets')
    .addColumn('id', id, numbered)
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('value', text, (column) => column.notNull())
    .addColumn('items', 'bigint', (column) => column.notNull())
    .addColumn('live', 'bigint', (column) => column.notNull())
    .addColumn('label', text)
    .addColumn('folded', text)
    .addUniqueConstraint('facets_kind_value', ['kind', 'value'])
    .execute()
  // For lists of tags. With the folded tag, a search reads nothing but this index; PostgreSQL's entries are too short.
  await db.schema
    .createIndex('facets_tags')
    .on('facets')
    .columns(isPostgres(db) ? ['live desc', 'label'] : ['live desc', 'label', 'folded'])
    .where(sql<boolean>`kind = 'tag' AND live > 0`)
    .execute()
  await db.schema
    .createTable('facet_chunks')
    .addColumn('facet_id', id, (column) => column.notNull())
    .addColumn('chunk', 'integer', (column) => column.notNull())
    .addColumn('bits', bytes(db), (column) => column.notNull())
    .addPrimaryKeyConstraint('facet_chunks_pkey', ['facet_id', 'chunk'])
    .modifyEnd(withoutRowid(db))
    .execute()
}

async function createOrders(db: Kysely<unknown>): Promise<void> {
  const { id } = columnTypes(db)
  await db.schema
    .createTable('order_blocks')
    .addColumn('list', 'bigint', (column) => column.notNull())
    .addColumn('lower_key', bytes(db), (column) => column.notNull())
    .addColumn('lower_id', id, (column) => column.notNull())
    .addColumn('count', 'integer', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('ids', bytes(db), (column) => column.notNull())
    .addColumn('keys', bytes(db), (column) => column.notNull())
    .execute()
  if (isPostgres(db)) {
    // A block takes half a page, so it fits into its row. To compress it or to move it out makes writes slower.
    await sql`ALTER TABLE order_blocks ALTER COLUMN ids SET STORAGE EXTERNAL,
      ALTER COLUMN keys SET STORAGE EXTERNAL, SET (toast_tuple_target = 8160)`.execute(db)
  }
  // With the counts and versions, so that a position is found without reading the ids.
  await db.schema
    .createIndex('order_blocks_by_key')
    .on('order_blocks')
    .columns(['list', 'lower_key', 'lower_id', 'count', 'version'])
    .execute()
}

/** Unlike facets and orders, one statement fills it. */
async function createDoubles(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('doubles')
    .addColumn('file_id', columnTypes(db).id, (column) => column.primaryKey())
    .addColumn('count', 'bigint', (column) => column.notNull())
    .execute()
  await sql`INSERT INTO doubles (file_id, count)
    SELECT file_id, count(*) FROM media GROUP BY file_id HAVING count(*) > 1`.execute(db)
}

const bytes = (db: Kysely<unknown>) => (isPostgres(db) ? ('bytea' as const) : ('blob' as const))

/** A SQLite table whose rows lie in the order of its primary key. */
const withoutRowid = (db: Kysely<unknown>) => (isPostgres(db) ? sql`` : sql`WITHOUT ROWID`)

const DROP_SQLITE = ['added', 'edited', 'removed', 'file_changed'].map(
  (event) => `DROP TRIGGER media_json_${event}`,
)
const DROP_POSTGRES = [
  'DROP TRIGGER media_json_added ON media',
  'DROP TRIGGER media_json_edited ON media',
  'DROP TRIGGER media_json_removed ON media',
  'DROP TRIGGER media_json_file_changed ON files',
]

// Printed by `node src/media/item-triggers.ts`.

const SQLITE = [
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
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL AND m.id = new.id
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
END`,
  `CREATE TRIGGER media_json_edited AFTER UPDATE ON media BEGIN
  DELETE FROM media_json WHERE id = new.id AND new.trashed_at IS NOT NULL;
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
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL AND m.id = new.id
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
END`,
  `CREATE TRIGGER media_json_removed AFTER DELETE ON media BEGIN
  DELETE FROM media_json WHERE id = old.id;
END`,
  `CREATE TRIGGER media_json_file_changed AFTER UPDATE OF key, type, size, width, height, frames, thumbhash, color, scaled_digest, high_digest ON files BEGIN
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
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL AND f.id = new.id
  ON CONFLICT (id) DO UPDATE SET json = excluded.json;
END`,
  `INSERT INTO media_json (id, json)
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
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL
  ON CONFLICT (id) DO UPDATE SET json = excluded.json`,
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
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
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
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
  FROM changed AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL
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
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
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
    f.scaled_digest,
    '/scaled.webp","high":"/media/file/',
    f.high_digest,
    '/high.webp"}}'
  )
  FROM media AS m JOIN files AS f ON f.id = m.file_id WHERE m.trashed_at IS NULL
  ON CONFLICT (id) DO UPDATE SET json = excluded.json`,
]
