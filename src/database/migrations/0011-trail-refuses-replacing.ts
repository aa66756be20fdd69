import { type Kysely, sql } from 'kysely'
import { isPostgres } from './column-types.ts'

/**
 * On SQLite `INSERT OR REPLACE` takes the row that is in its way out without asking any trigger for deletes
 * (https://sqlite.org/lang_conflict.html), so the trail refuses the insert. On PostgreSQL whatever replaces
 * a row is an update, which it refuses already; here also where a session turns triggers off.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  if (isPostgres(db)) {
    await sql`ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_stays`.execute(db)
    await sql`ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_is_not_emptied`.execute(db)
    return
  }
  await sql`
    CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
    WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, ${sql.lit('The audit trail is only ever added to.')}); END`.execute(
    db,
  )
}
