import { isAuditAction } from '../audit/record.ts'
import { normalizeUsername } from '../auth/accounts/find-user.ts'
import { isPermission } from '../auth/permissions.ts'
import { isPasswordHash } from '../auth/sign-in/passwords.ts'
import { isBlank } from '../base/fold.ts'
import { isFitSecret } from '../database/secrets.ts'
import type { Tables } from '../database/tables.ts'
import { FORMATS } from '../images/formats.ts'
import { RECIPE } from '../images/recipe.ts'
import { type MemberChanges, readMembers } from '../media/members.ts'
import { readName, readTags } from '../media/parameters.ts'
import { isReveals, isSaid } from '../media/said.ts'
import { isKey } from '../storage/storage.ts'
import { type MovedName, NUMBERED_TABLES, type Row } from './tables.ts'

/** Returns whether a column may hold a value. */
type Is = (value: unknown) => boolean

/** The check of each column of a table. */
type Columns = Readonly<Record<string, Is>>

/** The latest time that a JavaScript `Date` can hold, in milliseconds. */
const MAX_TIME = 8.64e15

const isWhole: Is = (value) => Number.isSafeInteger(value) && Number(value) >= 0
const isCount: Is = (value) => isWhole(value) && value !== 0
const isTime: Is = (value) => isWhole(value) && Number(value) <= MAX_TIME

const isFlag: Is = (value) => value === 0 || value === 1

const matches =
  (pattern: RegExp): Is =>
  (value) =>
    typeof value === 'string' && pattern.test(value)

/** An id, or the digest of a file. */
const isAddress = matches(/^(?:[1-9]\d{0,15}|[\w-]{22,64})$/)
const isSha256 = matches(/^[0-9a-f]{64}$/)

/** @param length in UTF-16 units */
const isText =
  (length: number): Is =>
  (value) =>
    typeof value === 'string' && value.length <= length && value.isWellFormed()

/** A text of at least one character, without control characters. */
const isLine =
  (length: number): Is =>
  (value) =>
    isText(length)(value) && value !== '' && !/\p{Cc}/u.test(String(value))

const orNull =
  (is: Is): Is =>
  (value) =>
    value === null || is(value)

/** Longest name or id of an account, in UTF-16 units. The account may be of an external service. */
const MAX_NAME = 255

const isRole = isLine(64)
const isNetwork = isLine(64)

/** Columns whose values must not be shown. */
const SECRET_COLUMNS: ReadonlySet<string> = new Set([
  'value',
  'password_hash',
  'hash',
  'successor_hash',
  'successor_sealed',
])

function isCounters(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).every(
    ([table, last]) => NUMBERED_TABLES.some(({ name }) => name === table) && isWhole(last),
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

const isDigest = matches(/^[\w-]{22,64}$/)
const isStorageKey: Is = (value) => typeof value === 'string' && isKey(value)
const types: readonly unknown[] = Object.values(FORMATS).map(({ type }) => type)

/** A text without a visible character. Backups of older versions may contain such names and tags. */
const isUnseen = (text: unknown): boolean =>
  typeof text === 'string' && text !== '' && text.trim() === text && isBlank(text)

const isName: Is = (value) =>
  isSame(value, readName) || (isUnseen(value) && isSame(`${value}x`, readName))
const isTagList: Is = (value) =>
  isSame(value, (text) => {
    const tags: unknown = JSON.parse(String(text))
    if (!Array.isArray(tags)) throw new Error('These are no tags.')
    const seen = tags.filter((tag) => !isUnseen(tag))
    if (JSON.stringify(readTags(seen)) !== JSON.stringify(seen)) throw new Error('Not as stored.')
    return JSON.stringify(tags)
  })

/** Whether `read` returns the value unchanged. Only then could an add have stored it. */
function isSame(value: unknown, read: (value: unknown) => string): boolean {
  try {
    return read(value) === value
  } catch {
    return false
  }
}

/** For a column that backups of older versions lack. */
const orAbsent =
  (is: Is): Is =>
  (value) =>
    value === undefined || is(value)

/** Whether an edit could have stored this value of a member. */
const isMember = (name: keyof MemberChanges): Is =>
  orAbsent(
    orNull((value) => {
      try {
        return readMembers({ [name]: value })[name as 'alt'] === value
      } catch {
        return false
      }
    }),
  )

/** The same, of a member that is stored as JSON. */
const isJsonMember = (name: keyof MemberChanges): Is =>
  orAbsent(
    orNull((value) => {
      try {
        const read = readMembers({ [name]: JSON.parse(String(value)) })[name as 'focus']
        return JSON.stringify(read) === value
      } catch {
        return false
      }
    }),
  )

const isPresetName = matches(/^[a-z][a-z0-9-]{0,31}$/)
const isPresetOptions = matches(/^[a-z]+_[^,.]+(?:,[a-z]+_[^,.]+)*$/)

const isRecipe = orAbsent((value) => isCount(value) && Number(value) <= RECIPE)

const OBJECT = {
  key: isStorageKey,
  sha256: isSha256,
  size: isCount,
  width: isCount,
  height: isCount,
}

type Checked = MovedName | 'library'

/** The check of each column of every table that moves. It accepts the values that Vitrine writes. */
const CHECKS: {
  readonly [Table in MovedName]: { readonly [Column in keyof Tables[Table]]-?: Is }
} & { library: Columns } = {
  library: {
    version: isWhole,
    last_added_at: isTime,
    counters: isCounters,
    preset_revision: orAbsent(isWhole),
  },
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
    // The text of a header, which may contain tabs.
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
  collections: {
    id: isCount,
    name: isLine(2 * MAX_NAME),
    // Folding may make a text three times as long.
    folded: isLine(6 * MAX_NAME),
    description: orNull(isText(20_000)),
    parent: orNull(isCount),
    position: isWhole,
    cover: orNull(isCount),
    query: orNull(isText(10_000)),
    deleted: isFlag,
    cleaner: orNull(isLine(64)),
  },
  collection_items: { collection_id: isCount, media_id: isCount, position: isWhole },
  versions: {
    media_id: isCount,
    version: isCount,
    file_id: isCount,
    added_at: isTime,
    added_by: orNull(isLine(MAX_NAME)),
    file_name: orNull(isLine(2 * MAX_NAME)),
    focus: isJsonMember('focus'),
    focus_key: orAbsent(orNull(isDigest)),
  },
  earlier_keys: { key: isDigest, media_id: isCount, file_id: isCount },
  presets: {
    name: isPresetName,
    options: isPresetOptions,
    revision: isCount,
    changed_at: isTime,
    changed_by: orNull(isLine(MAX_NAME)),
  },
  moved_addresses: { address: isAddress, media_id: isCount },
  media: {
    id: isCount,
    file_id: isCount,
    name: isName,
    tags: isTagList,
    added_at: isTime,
    file_name: orAbsent(orNull(isLine(2 * MAX_NAME))),
    alt: isMember('alt'),
    description: isMember('description'),
    credit: isMember('credit'),
    copyright: isMember('copyright'),
    source: isMember('source'),
    rating: isMember('rating'),
    focus: isJsonMember('focus'),
    focus_key: orAbsent(orNull(isDigest)),
    taken_at: isMember('takenAt'),
    translations: isJsonMember('translations'),
    location: orAbsent(orNull(isJsonObject)),
    exif: orAbsent(orNull(isJsonObject)),
    collections: isJsonMember('collections'),
    added_by: orAbsent(orNull(isLine(MAX_NAME))),
    changed_at: orAbsent(isTime),
    revision: orAbsent(isCount),
    trashed_at: orAbsent(orNull(isTime)),
    trashed_by: orAbsent(orNull(isLine(MAX_NAME))),
    merged_into: orAbsent(orNull(isCount)),
  },
  files: {
    ...OBJECT,
    id: isCount,
    type: (value) => types.includes(value),
    frames: isCount,
    thumbhash: matches(/^[A-Za-z0-9+/]{1,64}={0,2}$/),
    color: matches(/^#[0-9a-f]{6}$/),
    scaled_digest: isDigest,
    high_digest: isDigest,
    recipe: isRecipe,
    said: orAbsent(orNull((value) => typeof value === 'string' && isSaid(value))),
    reveals: orAbsent(orNull((value) => typeof value === 'string' && isReveals(value))),
  },
  variants: {
    ...OBJECT,
    file_id: isCount,
    name: (value) => value === 'scaled' || value === 'high',
    recipe: isRecipe,
  },
  earlier_addresses: {
    file_id: isCount,
    recipe: isCount,
    scaled_digest: isDigest,
    high_digest: isDigest,
  },
}

/**
 * Checks a row from a backup or from another library by the rules for new rows.
 * @returns the fault, in one sentence that names the row and the field; undefined if there is none
 */
export function findFault(table: Checked, row: unknown): string | undefined {
  if (!isRow(row)) return `A row of ${table} is not a JSON object: ${show(row)}.`
  const columns: Columns = CHECKS[table]
  const wrong = Object.keys(columns).find((field) => !columns[field]?.(row[field]))
  if (wrong !== undefined) {
    const value = SECRET_COLUMNS.has(wrong) ? 'a secret that is not shown' : show(row[wrong])
    return `${nameRow(table, row)} has a ${wrong} that Vitrine never makes: ${value}.`
  }
  const unknown = Object.keys(row).find((field) => !Object.hasOwn(columns, field))
  if (unknown === undefined) return undefined
  return `${nameRow(table, row)} has a field that Vitrine does not know: ${show(unknown)}.`
}

/** Checks all rows of tables. Yields the first fault of each table. */
export async function* findFaults<Table extends { name: Checked }>(
  tables: readonly Table[],
  rowsOf: (table: Table) => AsyncIterable<Row[]>,
): AsyncGenerator<string> {
  for (const table of tables) {
    for await (const rows of rowsOf(table)) {
      const faults = rows.map((row) => findFault(table.name, row))
      const fault = faults.find((found) => found !== undefined)
      if (fault === undefined) continue
      yield fault
      break
    }
  }
}

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `The row 12 of media`. Names the row by the first of these columns that it has. */
function nameRow(table: Checked, row: Row): string {
  if (table === 'library') return 'The row of library'
  const { id, file_id, user_id, session_id, role, name, key } = row
  return `The row ${show(id ?? file_id ?? user_id ?? session_id ?? role ?? name ?? key)} of ${table}`
}

function show(value: unknown): string {
  const text = value === undefined ? 'none' : (JSON.stringify(value) ?? String(value))
  // Control characters that could steer the terminal and that JSON does not escape.
  const printable = text.replace(/[\u007f-\u009f]/g, '\ufffd')
  return printable.length > 100 ? `${printable.slice(0, 99)}…` : printable
}
