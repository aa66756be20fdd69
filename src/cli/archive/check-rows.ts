import { isBlank } from '../../fold.ts'
import { FORMATS } from '../../images/formats.ts'
import { RECIPE } from '../../images/recipe.ts'
import { readName, readTags } from '../../media/parameters.ts'
import { isKey } from '../../storage/storage.ts'
import type { Row } from '../transfer/tables.ts'

/** The latest that JavaScript's dates know. */
const MAX_TIME = 8.64e15

type Is = (value: unknown) => boolean

const isCount: Is = (value) => Number.isSafeInteger(value) && Number(value) >= 1
const isTime: Is = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= MAX_TIME
const matches =
  (pattern: RegExp): Is =>
  (value) =>
    typeof value === 'string' && pattern.test(value)
const isSha256 = matches(/^[0-9a-f]{64}$/)
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

type Checked = 'media' | 'files' | 'variants' | 'earlier_addresses'

/** What the columns of the rows of items and files hold, as an add makes them. */
const CHECKS: Readonly<Record<Checked, Readonly<Record<string, Is>>>> = {
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
 * Looks at a row of a backup as an add would look at what it is given.
 * @returns what is wrong with it, in one sentence that names the row and the field
 */
export function findFault(table: keyof typeof CHECKS, row: Row): string | undefined {
  for (const [field, is] of Object.entries(CHECKS[table])) {
    if (is(row[field])) continue
    const { id = row.file_id } = row
    return `The row ${JSON.stringify(id)} of ${table} has a ${field} that no add could have made: ${show(row[field])}.`
  }
  return undefined
}

function show(value: unknown): string {
  const text = value === undefined ? 'none' : (JSON.stringify(value) ?? String(value))
  // What steers a terminal and JSON leaves as it is.
  const printable = text.replace(/[\u007f-\u009f]/g, '\ufffd')
  return printable.length > 100 ? `${printable.slice(0, 99)}…` : printable
}
