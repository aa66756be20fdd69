import { AppError } from '../../base/errors.ts'
import { isBlank } from '../../base/fold.ts'
import {
  MAX_TEXT,
  type MemberChanges,
  readFileName,
  readMembers,
  WITH_LINES,
} from '../../media/members.ts'
import { nameOfFile } from '../../media/name-of-file.ts'
import {
  MAX_NAME_CODE_POINTS,
  MAX_TAG_CODE_POINTS,
  MAX_TAGS,
  readName,
  readTags,
} from '../../media/parameters.ts'
import type { SourceItem } from './source.ts'

/** What a source says of an item, in the form of the library. */
export interface FitItem {
  name: string
  fileName: string | null
  tags: readonly string[]
  members: Omit<MemberChanges, 'name' | 'tags' | 'collections'>
  /** See `SourceItem.fileSaid`. */
  unlessSaid: Pick<MemberChanges, 'takenAt' | 'credit' | 'copyright'>
  /** What did not fit, each as a sentence. */
  losses: readonly string[]
}

/**
 * Makes what a source says of an item fit for the library: texts are cut to their limits, and what the library cannot
 * hold is left out. Nothing is refused for it.
 */
export function fitItem(item: SourceItem): FitItem {
  const losses: string[] = []
  const fileName = readFileName(item.fileName)
  const text = (member: keyof typeof MAX_TEXT, value: string | undefined) =>
    cut(clean(value ?? '', WITH_LINES.has(member)), MAX_TEXT[member], member, losses)
  const texts = {
    alt: text('alt', item.alt),
    description: text('description', item.description),
    credit: text('credit', item.credit),
    copyright: text('copyright', item.copyright),
    rating: item.rating,
    focus: item.focus,
    takenAt: item.takenAt,
  }
  const members: FitItem['members'] = {}
  for (const [member, value] of Object.entries(texts)) {
    if (value === undefined || value === '') continue
    Object.assign(members, readOrLose({ [member]: value }, losses))
  }
  const unlessSaid: FitItem['unlessSaid'] = {}
  const { takenAt, credit, copyright } = item.fileSaid ?? {}
  const fromFile = {
    takenAt,
    credit: text('credit', credit),
    copyright: text('copyright', copyright),
  }
  for (const [member, value] of Object.entries(fromFile)) {
    if (value) Object.assign(unlessSaid, readOrLose({ [member]: value }, losses))
  }
  const translations: Record<string, { alt?: string; description?: string }> = {}
  for (const [language, texts] of Object.entries(item.translations ?? {})) {
    const [alt, description] = [text('alt', texts.alt), text('description', texts.description)]
    if (alt === '' && description === '') continue
    const fit = { ...(alt !== '' && { alt }), ...(description !== '' && { description }) }
    const read = readOrLose({ translations: { [language]: fit } }, losses)
    Object.assign(translations, read.translations)
  }
  if (Object.keys(translations).length > 0) {
    Object.assign(members, readOrLose({ translations }, losses))
  }
  const given = clean(item.name, false)
  const name = isBlank(given) ? (fileName === null ? item.id : nameOfFile(fileName)) : given
  return {
    name: readName(cut(name, MAX_NAME_CODE_POINTS, 'name', losses)),
    fileName,
    tags: fitTags(item.tags ?? [], losses),
    members,
    unlessSaid,
    losses,
  }
}

/** @returns the name of a collection, in the form of the library */
export function fitCollectionName(name: string): string {
  const fit = clean(name, false)
  return readName(isBlank(fit) ? '—' : cut(fit, MAX_NAME_CODE_POINTS, 'name', []))
}

/** @returns the description of a collection, in the form of the library; null for none */
export const fitCollectionDescription = (text: string | undefined): string | null =>
  cut(clean(text ?? '', true), MAX_TEXT.description, 'description', []) || null

function fitTags(given: readonly string[], losses: string[]): string[] {
  const tags = new Set<string>()
  for (const part of given.flatMap((tag) => tag.split(','))) {
    const tag = clean(part, false)
    if (!isBlank(tag)) tags.add(cut(tag, MAX_TAG_CODE_POINTS, 'a tag', losses))
  }
  if (tags.size > MAX_TAGS) losses.push(`It has ${tags.size} tags; ${MAX_TAGS} were kept.`)
  return readTags([...tags].slice(0, MAX_TAGS))
}

function readOrLose(members: object, losses: string[]): FitItem['members'] {
  try {
    return readMembers({ ...members })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    losses.push(error.detail ?? error.message)
    return {}
  }
}

/** Removes control characters, replaces lone surrogates, trims the text and brings it to NFC. */
const clean = (text: string, withLines: boolean): string =>
  (withLines
    ? text.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n\t]/gu, ' ')
    : text.replace(/\p{Cc}+/gu, ' ')
  )
    .toWellFormed()
    .normalize('NFC')
    .trim()

function cut(text: string, most: number, member: string, losses: string[]): string {
  // No code point has more than two units.
  if (text.length <= most) return text
  const characters = [...text]
  if (characters.length <= most) return text
  losses.push(`${member} has ${characters.length} characters; ${most} were kept.`)
  return characters.slice(0, most).join('').trimEnd()
}
