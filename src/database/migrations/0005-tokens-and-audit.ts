import { type Kysely, sql } from 'kysely'
import { columnTypes, isPostgres } from './column-types.ts'

/** Personal tokens, and the trail of who did what. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { id, numbered, text } = columnTypes(db)

  await schema
    .createTable('api_tokens')
    .addColumn('id', id, numbered)
    .addColumn('user_id', id, (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull().unique())
    .addColumn('permissions', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint')
    .execute()
  await schema.createIndex('api_tokens_user_id').on('api_tokens').column('user_id').execute()

  // Without any index but its key: each would be written at every change of the library.
  await schema
    .createTable('audit')
    .addColumn('id', id, numbered)
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('action', text, (column) => column.notNull())
    .addColumn('actor', text)
    .addColumn('account_id', text)
    .addColumn('token_id', 'bigint')
    .addColumn('network', text)
    .addColumn('subject', text)
    .addColumn('detail', text)
    .execute()
  await schema
    .createTable('audit_retention')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('deletable_before', 'bigint', (column) => column.notNull())
    .execute()
  await sql`INSERT INTO audit_retention VALUES (1, 0)`.execute(db)
  await (isPostgres(db) ? guardOnPostgres(db) : guardOnSqlite(db))
}

const REFUSAL = sql.lit('The audit trail is only ever added to.')

async function guardOnSqlite(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, ${REFUSAL}); END`.execute(db)
  await sql`
    CREATE TRIGGER audit_stays BEFORE DELETE ON audit
    WHEN OLD.at >= (SELECT deletable_before FROM audit_retention)
    BEGIN SELECT RAISE(ABORT, ${REFUSAL}); END`.execute(db)
}

async function guardOnPostgres(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'DELETE' THEN
          IF OLD.at < (SELECT deletable_before FROM audit_retention) THEN
            RETURN OLD;
          END IF;
        END IF;
        RAISE EXCEPTION 'The audit trail is only ever added to.';
      END
    $$`.execute(db)
  await sql`
    CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()`.execute(db)
  await sql`
    CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()`.execute(db)
}
