import { type Kysely, sql } from 'kysely'
import { columnTypes } from './column-types.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const { id, numbered, text } = columnTypes(db)

  await schema
    .createTable('roles')
    .addColumn('name', text, (column) => column.primaryKey())
    .execute()
  await schema
    .createTable('role_permissions')
    .addColumn('role', text, (column) => column.notNull().references('roles.name'))
    .addColumn('permission', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('role_permissions_pkey', ['role', 'permission'])
    .execute()
  const roles = {
    viewer: ['view-media'],
    editor: ['view-media', 'edit-media', 'add-media', 'delete-media'],
    admin: ['view-media', 'edit-media', 'add-media', 'delete-media', 'manage-accounts'],
  }
  for (const [role, permissions] of Object.entries(roles)) {
    await sql`INSERT INTO roles VALUES (${role})`.execute(db)
    for (const permission of permissions) {
      await sql`INSERT INTO role_permissions VALUES (${role}, ${permission})`.execute(db)
    }
  }

  await schema
    .createTable('users')
    .addColumn('id', id, numbered)
    .addColumn('username', text, (column) => column.notNull().unique())
    .addColumn('password_hash', text, (column) => column.notNull())
    .addColumn('disabled', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await schema
    .createTable('user_roles')
    .addColumn('user_id', id, (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('role', text, (column) => column.notNull().references('roles.name'))
    .addPrimaryKeyConstraint('user_roles_pkey', ['user_id', 'role'])
    .execute()

  await schema
    .createTable('sessions')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('user_id', id, (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('network', text, (column) => column.notNull())
    .addColumn('user_agent', text, (column) => column.notNull())
    .execute()
  await schema.createIndex('sessions_user_id').on('sessions').column('user_id').execute()

  await schema
    .createTable('refresh_tokens')
    .addColumn('hash', text, (column) => column.primaryKey())
    .addColumn('session_id', text, (column) =>
      column.notNull().references('sessions.id').onDelete('cascade'),
    )
    .addColumn('issued_at', 'bigint', (column) => column.notNull())
    .addColumn('first_used_at', 'bigint')
    .addColumn('successor_hash', text)
    .addColumn('successor_sealed', text)
    .execute()
  await schema
    .createIndex('refresh_tokens_session_id')
    .on('refresh_tokens')
    .column('session_id')
    .execute()

  await schema
    .createTable('login_attempts')
    .addColumn('key', text, (column) => column.primaryKey())
    .addColumn('failures', 'integer', (column) => column.notNull())
    .addColumn('window_started_at', 'bigint', (column) => column.notNull())
    .execute()
  await schema
    .createIndex('login_attempts_window_started_at')
    .on('login_attempts')
    .column('window_started_at')
    .execute()
}
