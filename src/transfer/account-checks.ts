import { isAuditAction } from '../audit/record.ts'
import { normalizeUsername } from '../auth/accounts/find-user.ts'
import { isPermission } from '../auth/permissions.ts'
import { isPasswordHash } from '../auth/sign-in/passwords.ts'
import { isFitSecret } from '../database/secrets.ts'
import {
  type Columns,
  isCount,
  isFlag,
  isLine,
  isSha256,
  isText,
  isTime,
  isWhole,
  matches,
  orNull,
} from './column-checks.ts'
import { NUMBERED_TABLES } from './tables.ts'

/** Names of accounts, also those of another service. */
const MAX_NAME = 255

const isRole = isLine(64)
const isNetwork = isLine(64)

/** What the library as a whole, its accounts, its secrets and its trail hold. */
export const ACCOUNT_CHECKS = {
  library: { version: isWhole, last_added_at: isTime, counters: isCounters },
  secrets: {
    name: isLine(64),
    value: (value) => typeof value === 'string' && value.length <= 256 && isFitSecret(value),
  },
  roles: { name: isRole },
  role_permissions: { role: isRole, permission: isPermission },
  users: {
    id: isCount,
    username: (value) => typeof value === 'string' && normalizeUsername(value) === value,
    password_hash: isPasswordHash,
    disabled: isFlag,
    created_at: isTime,
  },
  user_roles: { user_id: isCount, role: isRole },
  sessions: {
    id: matches(/^[\w-]{1,64}$/),
    user_id: isCount,
    created_at: isTime,
    last_used_at: isTime,
    ended_at: orNull(isTime),
    network: isNetwork,
    // As it came in a header, which may hold tabs.
    user_agent: isText(255),
  },
  refresh_tokens: {
    hash: isSha256,
    session_id: matches(/^[\w-]{1,64}$/),
    issued_at: isTime,
    first_used_at: orNull(isTime),
    successor_hash: orNull(isSha256),
    successor_sealed: orNull(matches(/^[\w-]{1,64}$/)),
  },
  login_attempts: { key: isLine(255), failures: isWhole, window_started_at: isTime },
  api_tokens: {
    id: isCount,
    user_id: isCount,
    name: isLine(200),
    hash: isSha256,
    permissions: (value) => typeof value === 'string' && value.split(' ').every(isPermission),
    created_at: isTime,
    expires_at: isTime,
    last_used_at: orNull(isTime),
  },
  audit: {
    id: isCount,
    at: isTime,
    action: isAuditAction,
    actor: orNull(isLine(MAX_NAME)),
    account_id: orNull(isLine(MAX_NAME)),
    token_id: orNull(isCount),
    network: orNull(isNetwork),
    subject: orNull(isLine(MAX_NAME + 'account:'.length)),
    detail: orNull(isJsonObject),
  },
} as const satisfies Record<string, Columns>

/** Columns whose values are not to be shown. */
export const SECRET_COLUMNS: ReadonlySet<string> = new Set([
  'value',
  'password_hash',
  'hash',
  'successor_hash',
  'successor_sealed',
])

function isCounters(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).every(
    ([table, last]) => NUMBERED_TABLES.some((name) => name === table) && isWhole(last),
  )
}

function isJsonObject(value: unknown): boolean {
  try {
    const object: unknown = JSON.parse(String(value))
    return typeof object === 'object' && object !== null && !Array.isArray(object)
  } catch {
    return false
  }
}
