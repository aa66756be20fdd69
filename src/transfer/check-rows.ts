import { isBlank } from '../base/fold.ts'
import { FORMATS } from '../images/formats.ts'
import { RECIPE } from '../images/recipe.ts'
import { readName, readTags } from '../media/parameters.ts'
import { isKey } from '../storage/storage.ts'
import { ACCOUNT_CHECKS, SECRET_COLUMNS } from './account-checks.ts'
import { type Columns, type Is, isCount, isSha256, isTime, matches } from './column-checks.ts'
import type { Row } from './tables.ts'

const isDigest = matches(/^[\w-]{22,64}$/)
const isStorageKey: Is = (value) => typeof value === 'string' && isKey(value)
const types: readonly unknown[] = Object.values(FORMATS).map(({ type }) => type)

/** Nothing in it can be seen: older versions took such names and tags, and their backups must be restored. */
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

/** Whether a text is what an add would make of it. */
function isSame(value: unknown, read: (value: unknown) => string): boolean {
  try {
    return read(value) === value
  } catch {
    return false
  }
}

/** What older backups say nothing of. */
const isRecipe: Is = (value) => value === undefined || (isCount(value) && Number(value) <= RECIPE)

const OBJECT = {
  key: isStorageKey,
  sha256: isSha256,
  size: isCount,
  width: isCount,
  height: isCount,
}

type Checked = 'media' | 'files' | 'variants' | 'earlier_addresses' | keyof typeof ACCOUNT_CHECKS

/** What the columns of every table hold, as this program writes them. */
const CHECKS: Readonly<Record<Checked, Columns>> = {
  ...ACCOUNT_CHECKS,
  media: { id: isCount, file_id: isCount, name: isName, tags: isTagList, added_at: isTime },
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
 * Looks at a row that comes from elsewhere, as what made it would look at what it is given.
 * @returns what is wrong with it, in one sentence that names the row and the field
 */
export function findFault(table: Checked, row: unknown): string | undefined {
  if (!isRow(row)) return `A row of ${table} is none: ${show(row)}.`
  const columns = CHECKS[table]
  const wrong = Object.keys(columns).find((field) => !columns[field]?.(row[field]))
  if (wrong !== undefined) {
    const value = SECRET_COLUMNS.has(wrong) ? 'which is secret' : show(row[wrong])
    return `${nameRow(table, row)} has a ${wrong} that Vitrine never makes: ${value}.`
  }
  const unknown = Object.keys(row).find((field) => !Object.hasOwn(columns, field))
  if (unknown === undefined) return undefined
  return `${nameRow(table, row)} has a field that Vitrine does not know: ${show(unknown)}.`
}

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `The row 12 of media`, by the first of what may name it that it has. */
function nameRow(table: Checked, row: Row): string {
  if (table === 'library') return 'The row of library'
  const { id, file_id, user_id, session_id, role, name, key } = row
  return `The row ${show(id ?? file_id ?? user_id ?? session_id ?? role ?? name ?? key)} of ${table}`
}

function show(value: unknown): string {
  const text = value === undefined ? 'none' : (JSON.stringify(value) ?? String(value))
  // What steers a terminal and JSON leaves as it is.
  const printable = text.replace(/[\u007f-\u009f]/g, '\ufffd')
  return printable.length > 100 ? `${printable.slice(0, 99)}…` : printable
}
