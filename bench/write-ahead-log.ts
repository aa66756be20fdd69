import pg from 'pg'

/** The current position of the server's write-ahead log. */
export const readLogPosition = async (url: string): Promise<string> =>
  (await ask(url, 'SELECT pg_current_wal_insert_lsn()::text AS position'))[0].position

/**
 * Sums what was written between two positions for one database. Other databases of the server write into
 * the same log. Needs the extension pg_walinspect, which is part of PostgreSQL.
 *
 * @returns bytes in all, and those of the search index
 */
export async function sumLog(
  url: string,
  first: string,
  end: string,
): Promise<{ bytes: number; index: number }> {
  const [sums] = await ask(
    url,
    `CREATE EXTENSION IF NOT EXISTS pg_walinspect;
     SELECT sum(record_length)::float8 AS bytes,
       sum(record_length) FILTER (WHERE resource_manager = 'Gin')::float8 AS index
     FROM pg_get_wal_records_info('${first}', '${end}')
     WHERE block_ref LIKE
       '%/' || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/%'`,
  )
  return sums
}

async function ask(url: string, statements: string) {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const results = [await client.query(statements)].flat()
    return results.at(-1)?.rows ?? []
  } finally {
    await client.end()
  }
}
