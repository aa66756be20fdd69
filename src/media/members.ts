import { AppError, parametersInvalid, quote } from '../base/errors.ts'
import type { Focus, Translations } from './item.ts'
import { readLocalTime } from './local-time.ts'
import { readName, readTags, requireText } from './parameters.ts'

/** The most code points of each text. */
export const MAX_TEXT = {
  fileName: 255,
  alt: 1000,
  description: 10_000,
  credit: 255,
  copyright: 255,
  source: 2048,
} as const

/** Texts that may have several lines. */
export const WITH_LINES: ReadonlySet<string> = new Set(['alt', 'description'])

export const MAX_TRANSLATIONS = 32
/** Stands against rows that grow without bound. */
export const MAX_COLLECTIONS_OF_ITEM = 256

/** Members of an item that people write. An absent one stays as it is. */
export interface MemberChanges {
  name?: string
  tags?: readonly string[]
  alt?: string | null
  description?: string | null
  credit?: string | null
  copyright?: string | null
  source?: string | null
  rating?: number
  focus?: Focus | null
  takenAt?: string | null
  translations?: Translations
  /** Ascending. */
  collections?: readonly number[]
}

const READERS: {
  readonly [Name in keyof MemberChanges]-?: (
    value: unknown,
    name: string,
  ) => Exclude<MemberChanges[Name], undefined>
} = {
  name: (value) => readName(value),
  tags: (value) => (value === null ? [] : readTags(value)),
  alt: readOptionalText,
  description: readSubstance,
  credit: readSubstance,
  copyright: readSubstance,
  source: readSubstance,
  rating: readRating,
  focus: readFocus,
  takenAt: readTakenAt,
  translations: readTranslations,
  collections: readCollections,
}

/** Names of the members that people write. */
export const WRITABLE = Object.keys(READERS) as readonly (keyof MemberChanges)[]

/**
 * Reads members other than the name and the tags. An absent one stays absent; null clears it.
 * @param isText true for the fields of a form, in which members that are no texts are given as JSON
 * @throws AppError 400 "Invalid parameters", naming the member
 */
export function readMembers(
  fields: Readonly<Record<string, unknown>>,
  { isText = false } = {},
): Omit<MemberChanges, 'name' | 'tags'> {
  const changes: Record<string, unknown> = {}
  for (const name of WRITABLE) {
    const given = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (name === 'name' || name === 'tags' || given === undefined) continue
    changes[name] = READERS[name](isText ? parseField(name, given) : given, name)
  }
  return changes
}

/**
 * Reads whether keywords in an added file become tags.
 * @throws AppError 400 "Invalid parameters"
 */
export function readKeywordsChoice(value: unknown, isText: boolean): boolean {
  if (value === undefined || value === null) return false
  const choice = isText ? ({ true: true, false: false } as const)[String(value) as 'true'] : value
  if (typeof choice === 'boolean') return choice
  throw parametersInvalid(`keywords is ${quote(value)}; it must be true or false.`)
}

/** Members that a form gives as JSON. */
const IN_JSON: ReadonlySet<string> = new Set(['rating', 'focus', 'translations', 'collections'])

function parseField(name: string, value: unknown): unknown {
  if (!IN_JSON.has(name) || typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    throw parametersInvalid(`${name} is ${quote(value)}, which is not JSON.`)
  }
}

/**
 * Reads a JSON merge patch of an item (RFC 7396).
 * @returns the changes; `translations` is a patch itself, for `patchTranslations`
 * @throws AppError 400 "Invalid parameters", naming the member
 */
export function readPatch(
  body: unknown,
): Omit<MemberChanges, 'translations'> & { translations?: unknown } {
  if (!isObject(body)) {
    throw parametersInvalid(`The body is ${quote(body)}; it must be a JSON object.`)
  }
  const unknown = Object.keys(body).find((name) => !WRITABLE.some((known) => known === name))
  if (unknown !== undefined) {
    throw parametersInvalid(
      `${quote(unknown)} is no member that can be changed; those are ${WRITABLE.join(', ')}.`,
    )
  }
  const { translations, name, tags, ...rest } = body
  const changes = {
    ...asInvalid(() => ({
      ...(name !== undefined && { name: READERS.name(name, 'name') }),
      ...(tags !== undefined && { tags: READERS.tags(tags, 'tags') }),
    })),
    ...readMembers(rest),
  }
  return translations === undefined ? changes : { ...changes, translations }
}

/**
 * Makes every fault "Invalid parameters". Add and edit call some of them missing, but a patch may leave members out.
 */
export function asInvalid<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    throw error instanceof AppError ? parametersInvalid(error.detail ?? error.message) : error
  }
}

/**
 * Applies a merge patch to translations.
 * @throws AppError 400 "Invalid parameters"
 */
export function patchTranslations(present: Translations, patch: unknown): Translations {
  if (patch === null) return {}
  if (!isObject(patch)) {
    throw parametersInvalid(`translations is ${quote(patch)}; it must be a JSON object.`)
  }
  const merged: Record<string, unknown> = { ...present }
  for (const [given, texts] of Object.entries(patch)) {
    const language = readLanguage(given)
    if (texts === null) delete merged[language]
    else merged[language] = isObject(texts) ? { ...present[language], ...texts } : texts
  }
  return readTranslations(merged)
}

/** Trimmed and in NFC; null stays null. */
function readOptionalText(value: unknown, name: string): string | null {
  if (value === null) return null
  if (typeof value !== 'string') {
    throw parametersInvalid(`${name} is ${quote(value)}; it must be a string or null.`)
  }
  const text = value.replace(/\r\n?/g, '\n').trim().normalize('NFC')
  const kind = name.slice(name.lastIndexOf('.') + 1)
  const checked = WITH_LINES.has(kind) ? text.replace(/[\n\t]/g, ' ') : text
  requireText(name, checked, MAX_TEXT[kind as keyof typeof MAX_TEXT])
  return text
}

/** Like `readOptionalText`. A text without a character is none. */
function readSubstance(value: unknown, name: string): string | null {
  return readOptionalText(value, name) || null
}

/** The name of an uploaded file, made fit to be stored: it comes from a program, so it is repaired, not refused. */
export function readFileName(value: string | undefined): string | null {
  if (value === undefined) return null
  const base = value.slice(Math.max(value.lastIndexOf('/'), value.lastIndexOf('\\')) + 1)
  const visible = base
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .normalize('NFC')
  return [...visible].slice(0, MAX_TEXT.fileName).join('') || null
}

function readRating(value: unknown): number {
  if (value === null) return 0
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 5) return Number(value)
  throw parametersInvalid(`rating is ${quote(value)}; it must be a whole number from 0 to 5.`)
}

/** Of an original's width or height; finer than a pixel of the largest images. */
const FOCUS_DECIMALS = 5

function readFocus(value: unknown): Focus | null {
  if (value === null) return null
  const isPart = (part: unknown) => typeof part === 'number' && part >= 0 && part <= 1
  if (isObject(value) && Object.keys(value).length === 2 && isPart(value.x) && isPart(value.y)) {
    const round = (part: unknown) => Number(Number(part).toFixed(FOCUS_DECIMALS))
    return { x: round(value.x), y: round(value.y) }
  }
  throw parametersInvalid(
    `focus is ${quote(value)}; it must be {"x": …, "y": …} with numbers from 0 to 1, or null.`,
  )
}

/** Offsets of zones end at 14 hours; `readLocalTime` checks the rest. */
const ZONE = /^(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)?$/

function readTakenAt(value: unknown): string | null {
  if (value === null) return null
  const isTime =
    typeof value === 'string' && readLocalTime(value) !== undefined && ZONE.test(value.slice(19))
  if (isTime) return value
  throw parametersInvalid(
    `takenAt is ${quote(value)}; it must be a time like "2026-03-14T15:09:26", with a zone like "+01:00" at its end if that is known, or null.`,
  )
}

function readTranslations(value: unknown): Translations {
  if (value === null) return {}
  if (!isObject(value)) {
    throw parametersInvalid(`translations is ${quote(value)}; it must be a JSON object.`)
  }
  const read = new Map<string, Translations[string]>()
  for (const [given, texts] of Object.entries(value)) {
    const language = readLanguage(given)
    if (read.has(language)) {
      throw parametersInvalid(`translations names the language ${language} twice; give it once.`)
    }
    const members = readTranslation(`translations.${language}`, texts)
    if (Object.keys(members).length > 0) read.set(language, members)
  }
  if (read.size > MAX_TRANSLATIONS) {
    throw parametersInvalid(
      `translations holds ${read.size} languages; at most ${MAX_TRANSLATIONS} are allowed.`,
    )
  }
  return Object.fromEntries([...read].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function readTranslation(name: string, value: unknown): Translations[string] {
  const right = 'it must be an object with alt, description or both'
  if (!isObject(value)) throw parametersInvalid(`${name} is ${quote(value)}; ${right}.`)
  const unknown = Object.keys(value).find((member) => !['alt', 'description'].includes(member))
  if (unknown !== undefined) throw parametersInvalid(`${name} holds ${quote(unknown)}; ${right}.`)
  const alt = readOptionalText(value.alt ?? null, `${name}.alt`)
  const description = readSubstance(value.description ?? null, `${name}.description`)
  return { ...(alt !== null && { alt }), ...(description !== null && { description }) }
}

/** A BCP 47 language tag in its canonical form. */
function readLanguage(tag: string): string {
  try {
    const [canonical] = Intl.getCanonicalLocales(tag)
    if (canonical !== undefined && canonical !== '__proto__') return canonical
  } catch {
    // Not of the form of a language tag.
  }
  throw parametersInvalid(
    `translations names the language ${quote(tag)}; it must be a language tag like "de" or "pt-BR".`,
  )
}

function readCollections(value: unknown): number[] {
  if (value === null) return []
  if (!Array.isArray(value) || !value.every((id) => Number.isSafeInteger(id) && id > 0)) {
    throw parametersInvalid(`collections is ${quote(value)}; it must be an array of ids.`)
  }
  const ids = [...new Set<number>(value)].sort((a, b) => a - b)
  if (ids.length > MAX_COLLECTIONS_OF_ITEM) {
    throw parametersInvalid(
      `collections holds ${ids.length} ids; at most ${MAX_COLLECTIONS_OF_ITEM} are allowed.`,
    )
  }
  return ids
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
