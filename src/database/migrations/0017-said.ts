import type { Kysely } from 'kysely'
import { columnTypes } from './column-types.ts'

/** What originals say of themselves. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { text } = columnTypes(db)
  await schema.alterTable('files').addColumn('said', text).execute()
  await schema.alterTable('files').addColumn('reveals', text).execute()
}
