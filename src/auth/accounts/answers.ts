import { Type } from '../../http/schema.ts'
import type { Session } from '../session/session-list.ts'
import type { ApiToken } from '../tokens/api-tokens.ts'
import type { Account } from './list-accounts.ts'

/** Responses of the routes for accounts. Times are ISO 8601. */

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
      description:
        'Last use of any session or personal token, accurate to a minute; null if none is known',
    }),
  },
  { title: 'Account' },
)

export const SessionAnswer = Type.Object(
  {
    id: Type.String(),
    created: Time,
    lastUsed: Type.String({ description: 'Accurate to a minute' }),
    network: Type.String({
      description: 'Where it was used last: an IPv4 address, or an IPv6 /64',
    }),
    userAgent: Type.String({ description: 'The header User-Agent at sign-in; may be empty' }),
    current: Type.Boolean({ description: 'Whether it is the session of this request' }),
  },
  { title: 'Session' },
)

export const SessionList = Type.Object({
  sessions: Type.Array(SessionAnswer, { description: 'Live sessions, most recently used first' }),
})

export const TokenAnswer = Type.Object(
  {
    id: Type.Integer(),
    name: Type.String(),
    permissions: Type.Array(Type.String(), {
      description:
        'Permissions of the token; those that its account lacks at that moment do not count',
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
