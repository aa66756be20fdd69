import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { sql } from 'kysely'
import pg from 'pg'
import { openDatabase } from '../src/database/open.ts'
import { matchingIds, parseSearch } from '../src/media/list/search.ts'
import type { KeptLibrary } from './library.ts'

export interface DirectSearch {
  /** Milliseconds for the statements of one search: the total, and the rows of a page. */
  time(search: string, page: { limit: number; offset: number }): Promise<number>
  close(): Promise<void>
}

/** Runs the statements of a search without a server, prepared, on a connection to the same database. */
export async function openDirectSearch({ location }: KeptLibrary): Promise<DirectSearch> {
  const database = await openDatabase(location)
  const run = await connect(location)

  return {
    async time(search, { limit, offset }) {
      const matches = matchingIds(database.read, parseSearch(search))
      const statements = [
        sql`SELECT count(*) AS total FROM (${matches}) AS matches`,
        sql`
          SELECT json FROM (
            SELECT id FROM (${matches}) AS matches
            ORDER BY id DESC LIMIT ${sql.lit(limit)} OFFSET ${offset}
          ) AS hits
          JOIN media_json ON media_json.id = hits.id
          ORDER BY hits.id DESC`,
      ].map((statement) => statement.compile(database.read))
      // Each statement is prepared when it first runs.
      const start = performance.now()
      for (const statement of statements) await run.query(statement)
      return performance.now() - start
    },
    async close() {
      await database.close()
      await run.close()
    },
  }
}

interface Statement {
  sql: string
  parameters: readonly unknown[]
}

async function connect(location: KeptLibrary['location']) {
  if (typeof location !== 'string') {
    const client = new pg.Client({ connectionString: location.url })
    await client.connect()
    const names = new Map<string, string>()
    return {
      async query({ sql, parameters }: Statement) {
        const name = names.get(sql) ?? `statement ${names.size}`
        names.set(sql, name)
        await client.query({ name, text: sql, values: [...parameters] })
      },
      close: () => client.end(),
    }
  }
  const connection = new DatabaseSync(location, { readOnly: true })
  // The same settings as the server's own connections.
  connection.exec('PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY')
  const prepared = new Map<string, ReturnType<typeof connection.prepare>>()
  return {
    async query({ sql, parameters }: Statement) {
      const statement = prepared.get(sql) ?? connection.prepare(sql)
      prepared.set(sql, statement)
      statement.all(...(parameters as SQLInputValue[]))
    },
    close: async () => connection.close(),
  }
}
