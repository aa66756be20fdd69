import { type Kysely, sql } from 'kysely'
import { columnTypes } from './column-types.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
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
