import { type QueryExecutorProvider, sql } from 'kysely'
import { isPostgres } from './column-types.ts'

/** Items read at a time. */
const BATCH = 10_000

/** Also as JSON may write them. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}|\\u/u

interface Item {
  id: number
  name: string
  tags: string
}

/**
 * What nobody sees is left out of what is searched: the search index and the folded tags are made anew
 * where a text holds such characters. What is here is as it was in that version, and stays so.
 */
export async function up(db: QueryExecutorProvider): Promise<void> {
  for (let after = 0; ; ) {
    const { rows } = await sql<Item>`
      SELECT id, name, tags FROM media WHERE id > ${after} ORDER BY id LIMIT ${sql.lit(BATCH)}`.execute(
      db,
    )
    for (const item of rows) {
      if (UNSEEN.test(item.name) || UNSEEN.test(item.tags)) await indexAnew(db, item)
    }
    const last = rows.at(-1)
    if (!last) break
    after = last.id
  }

  const { rows } = await sql<{ tag: string; folded: string }>`SELECT tag, folded FROM tags`.execute(
    db,
  )
  for (const { tag, folded } of rows) {
    const now = fold(tag)
    if (now !== folded) await sql`UPDATE tags SET folded = ${now} WHERE tag = ${tag}`.execute(db)
  }
}

async function indexAnew(db: QueryExecutorProvider, { id, name, tags }: Item): Promise<void> {
  const lines = [name, ...readTags(tags)].map(fold)
  if (isPostgres(db)) {
    await sql`UPDATE media_search SET lines = ${lines.join('\n')} WHERE id = ${id}`.execute(db)
    return
  }
  await sql`DELETE FROM media_search WHERE rowid = ${id}`.execute(db)
  const grams = lines.map(lineGrams).join(' Ａ ')
  await sql`INSERT INTO media_search (rowid, grams) VALUES (${id}, ${grams})`.execute(db)
}

function readTags(tags: string): string[] {
  try {
    const values: unknown = JSON.parse(tags)
    return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : []
  } catch {
    return []
  }
}

function fold(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase()
  return foldCase(text.replace(/\p{Default_Ignorable_Code_Point}/gu, '').normalize('NFKC'))
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
}

const foldCase = (text: string) =>
  mapCharacters(text, (character) =>
    character === 'ı'
      ? character
      : mapCharacters(character.toLowerCase().toUpperCase(), (upper) => upper.toLowerCase()),
  )

function mapCharacters(text: string, map: (character: string) => string): string {
  let mapped = ''
  for (const character of text) mapped += map(character)
  return mapped
}

function lineGrams(folded: string): string {
  const characters = Array.from(
    folded.replace(/[^a-z0-9\u0080-\u{10ffff}]/gu, (character) =>
      character === ' ' ? '\u3000' : String.fromCharCode(character.charCodeAt(0) + 0xfee0),
    ),
  )
  const pairs = lengthen(characters, characters)
  const short = new Set([...characters, ...pairs])
  return [...lengthen(pairs, characters), ...short].join(' ')
}

function lengthen(grams: readonly string[], characters: readonly string[]): string[] {
  const n = characters.length - grams.length + 1
  return grams.slice(0, -1).map((gram, start) => `${gram}${characters[start + n]}`)
}
