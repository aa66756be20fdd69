import { isBlank } from '../base/fold.ts'
import { MAX_NAME_CODE_POINTS, readName } from './parameters.ts'

/** For a file whose name has no visible character. */
const NAMELESS = 'Untitled'

/** The name of an item from that of its file: without extension, changed where it is not a valid name. */
export function nameOfFile(fileName: string): string {
  const stem = fileName.replace(/(?<=.)\.[a-z][a-z0-9]{0,4}$/i, '')
  const name = repairText(stem, MAX_NAME_CODE_POINTS)
  return readName(isBlank(name) ? NAMELESS : name)
}

/** Replaces the characters that texts cannot contain, and cuts the text to the limit. */
export function repairText(text: string, maxCodePoints: number): string {
  const visible = text.toWellFormed().replace(/\p{Cc}+/gu, ' ')
  return [...visible.trim().normalize('NFC')].slice(0, maxCodePoints).join('').trim()
}
