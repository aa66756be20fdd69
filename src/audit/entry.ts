import { type Static, type TSchema, Type } from '../http/schema.ts'
import type { AuditRow } from './read.ts'
import { auditActions } from './record.ts'

const Nullable = (type: TSchema, description: string) =>
  Type.Union([type, Type.Null()], { description })

/** A row of the trail as clients see it. */
export const AuditEntry = Type.Object(
  {
    id: Type.Integer(),
    timestamp: Type.String(),
    action: Type.String({ enum: [...auditActions] }),
    actor: Nullable(Type.String(), 'Name of the account at that time; null if it is not known'),
    accountId: Nullable(Type.String(), 'Its id; null for commands and the server itself'),
    tokenId: Nullable(Type.Integer(), 'The personal token that it was done with'),
    network: Nullable(Type.String(), 'An IPv4 address, or an IPv6 /64'),
    subject: Nullable(Type.String(), 'What it was done to: `media:12`, `account:bob`, `token:3`'),
    detail: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()]),
  },
  { title: 'AuditEntry' },
)
export type AuditEntry = Static<typeof AuditEntry>

export const toEntry = (row: AuditRow) => ({
  id: row.id,
  timestamp: new Date(row.at).toISOString(),
  action: row.action,
  actor: row.actor,
  accountId: row.account_id,
  tokenId: row.token_id,
  network: row.network,
  subject: row.subject,
  detail: row.detail === null ? null : (JSON.parse(row.detail) as object),
})
