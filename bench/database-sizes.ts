import { sql } from 'kysely'
import { isPostgres } from '../src/database/engine.ts'
import type { Queries } from '../src/database/tables.ts'

/** Measures the bytes in the database by purpose: rows and indexes of each table, and the search index. */
export async function measureSizes(db: Queries): Promise<Map<string, number>> {
  const { rows } = await (isPostgres(db)
    ? sql<Relation>`
        SELECT c.relname AS name, t.relname AS owner, pg_relation_size(c.oid)::float8 AS bytes
        FROM pg_class c
        LEFT JOIN pg_index i ON i.indexrelid = c.oid
        LEFT JOIN pg_class t ON t.oid = i.indrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i')`
    : sql<Relation>`
        SELECT dbstat.name, iif(type = 'index', tbl_name, NULL) AS owner, sum(pgsize) AS bytes
        FROM dbstat LEFT JOIN sqlite_schema ON sqlite_schema.name = dbstat.name
        GROUP BY dbstat.name`
  ).execute(db)
  const sizes = new Map<string, number>()
  for (const { name, owner, bytes } of rows) {
    const part = namePart(name, owner)
    sizes.set(part, (sizes.get(part) ?? 0) + bytes)
  }
  return sizes
}

interface Relation {
  name: string
  /** The table that an index belongs to; null for a table. */
  owner: string | null
  bytes: number
}

function namePart(name: string, owner: string | null): string {
  if (name === 'media_search' && owner === null) return 'search, texts'
  if (name.startsWith('media_search')) return 'search, index'
  if ((owner ?? name) === 'order_blocks') return 'orders'
  if (['facets', 'facet_chunks'].includes(owner ?? name)) return 'facets'
  if (['files', 'variants', 'media', 'media_json', 'audit'].includes(owner ?? name)) {
    return owner === null ? `${name}, rows` : `${owner}, indexes`
  }
  return 'everything else'
}
