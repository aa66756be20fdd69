import type { OutputFormat } from '../address/options.ts'
import { wrongValue } from '../address/parse-options.ts'
import { listNames } from '../address/spellings.ts'

/** `default` is `color`. */
const QUALITIES = ['default', 'color', 'gray'] as const

export interface FileAsked {
  gray: boolean
  format: OutputFormat
}

/**
 * Reads the last part of an image request: https://iiif.io/api/image/3.0/#44-quality and #45-format
 * @param text quality and format, as in `default.jpg`
 * @param formats those that the server sends
 * @throws AppError 400 "Invalid parameters"
 */
export function parseFile(text: string, formats: readonly OutputFormat[]): FileAsked {
  const dot = text.lastIndexOf('.')
  if (dot === -1)
    throw wrongValue('The last part', text, 'a quality and a format, as in default.jpg')
  const quality = QUALITIES.find((name) => name === text.slice(0, dot))
  if (quality === undefined) throw wrongValue('quality', text.slice(0, dot), listNames(QUALITIES))
  const format = formats.find((name) => name === text.slice(dot + 1))
  if (format === undefined) throw wrongValue('format', text.slice(dot + 1), listNames(formats))
  return { gray: quality === 'gray', format }
}
