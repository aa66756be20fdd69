import { type Kysely, sql } from 'kysely'
import { columnTypes, isPostgres } from './column-types.ts'

/** How many rows one statement inserts. */
const TAGS_AT_ONCE = 10_000

export async function up(db: Kysely<unknown>): Promise<void> {
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

/** How tags were folded then. */
function fold(text: string): string {
  // Printable ASCII needs no Unicode: most names, and each a few times faster.
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase()
  return foldCase(text.normalize('NFKC'))
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
}

/**
 * Full case folding. JavaScript has none of its own, but lower(upper(lower(x))) puts the same
 * characters together as CaseFolding.txt does (The Unicode Standard, section 5.18), one exception
 * aside: the dotless ı folds to itself. Character by character, since a string's lower case makes Σ
 * depend on its neighbours.
 */
function foldCase(text: string): string {
  return mapCharacters(text, (character) =>
    character === 'ı' ? character : mapCharacters(upper(character), lower),
  )
}

const lower = (text: string) => text.toLowerCase()
const upper = (text: string) => text.toLowerCase().toUpperCase()

function mapCharacters(text: string, map: (character: string) => string): string {
  let mapped = ''
  for (const character of text) mapped += map(character)
  return mapped
}
