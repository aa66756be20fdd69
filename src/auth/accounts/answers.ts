import { Type } from '../../http/schema.ts'
import type { Session } from '../session/session-list.ts'
import type { ApiToken } from '../tokens/api-tokens.ts'
import type { Account } from './list-accounts.ts'

/** What routes for accounts answer; times are ISO 8601. */

export const Message = Type.Object({ data: Type.String(), code: Type.Integer() })

const Time = Type.String()
const MaybeTime = Type.Union([Time, Type.Null()])

export const AccountAnswer = Type.Object(
  {
    id: Type.Integer(),
    username: Type.String(),
    roles: Type.Array(Type.String()),
    disabled: Type.Boolean(),
    created: Time,
    lastUsed: Type.Union([Time, Type.Null()], {
      description: 'Of a session or a personal token, to a minute; null if none is known',
    }),
  },
  { title: 'Account' },
)

export const SessionAnswer = Type.Object(
  {
    id: Type.String(),
    created: Time,
    lastUsed: Type.String({ description: 'To a minute' }),
    network: Type.String({
      description: 'Where it was used last: an IPv4 address, or an IPv6 /64',
    }),
    userAgent: Type.String({ description: 'What the browser called itself; may be empty' }),
    current: Type.Boolean({ description: 'Whether it is the one that asks' }),
  },
  { title: 'Session' },
)

export const SessionList = Type.Object({
  sessions: Type.Array(SessionAnswer, { description: 'Those alive; the one used last first' }),
})

export const TokenAnswer = Type.Object(
  {
    id: Type.Integer(),
    name: Type.String(),
    permissions: Type.Array(Type.String(), {
      description: 'What it was given; it allows no more than its account at that moment',
    }),
    created: Time,
    expires: Time,
    lastUsed: MaybeTime,
  },
  { title: 'Token' },
)

export const TokenList = Type.Object({
  tokens: Type.Array(TokenAnswer, { description: 'The newest first, expired ones included' }),
})

export const message = (data: string) => ({ data, code: 200 })

const toTime = (milliseconds: number) => new Date(milliseconds).toISOString()
const toMaybeTime = (milliseconds: number | null) =>
  milliseconds === null ? null : toTime(milliseconds)

export const toAccountAnswer = ({ createdAt, lastUsedAt, ...account }: Account) => ({
  ...account,
  created: toTime(createdAt),
  lastUsed: toMaybeTime(lastUsedAt),
})

export const toSessionAnswer = (
  { createdAt, lastUsedAt, ...session }: Session,
  current: string | undefined,
) => ({
  ...session,
  created: toTime(createdAt),
  lastUsed: toTime(lastUsedAt),
  current: session.id === current,
})

export const toTokenAnswer = ({ id, name, permissions, ...times }: ApiToken) => ({
  id,
  name,
  permissions,
  created: toTime(times.createdAt),
  expires: toTime(times.expiresAt),
  lastUsed: toMaybeTime(times.lastUsedAt),
})
