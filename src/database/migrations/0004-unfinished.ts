import type { Kysely } from 'kysely'
import { columnTypes } from './column-types.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { text } = columnTypes(db)

  await schema
    .createTable('unfinished')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('arrival', text, (column) => column.notNull())
    .addColumn('source', text, (column) => column.notNull())
    .execute()
}
