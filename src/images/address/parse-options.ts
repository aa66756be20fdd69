import { parametersInvalid, quote } from '../../base/errors.ts'
import { checkOptions } from './check-options.ts'
import { withoutDefaults } from './defaults.ts'
import type { Options } from './options.ts'
import { listNames, MEMBERS, SPELLINGS } from './spellings.ts'

/** The longest address, with every option at its longest, has some 250 characters. */
export const MAX_LENGTH = 300

/** The parts of an address without its extension. */
export interface Parts {
  /** Parts without `_`. */
  readonly names: readonly string[]
  /** Values by the names of their options. */
  readonly values: ReadonlyMap<string, string>
}

const OPTION_NAMES = MEMBERS.map((member) => SPELLINGS[member].name)

/**
 * Reads the options of a preset: `w_1600,ar_21-9,q_85`. They are for every format, so none is left out as a default
 * of one format.
 *
 * @throws AppError 400 "Invalid parameters"
 */
export function parseOptions(text: string): Options {
  const { names, values } = splitParts(text, [])
  const [name] = names
  if (name !== undefined) throw noOption(name, [])
  const options = withoutDefaults(readOptions(values), 'auto')
  checkOptions(options, 'auto')
  return options
}

/**
 * Splits a list of options.
 * @param more names of what may be there besides the options of `Options`
 * @throws AppError 400 "Invalid parameters" for what has no such name, is repeated or empty, and for too long a text
 */
export function splitParts(text: string, more: readonly string[]): Parts {
  if (text.length > MAX_LENGTH) {
    throw parametersInvalid(
      `The options have ${text.length} characters; they must have at most ${MAX_LENGTH}.`,
    )
  }
  const names: string[] = []
  const values = new Map<string, string>()
  for (const part of text === '' ? [] : text.split(',')) {
    const end = part.indexOf('_')
    if (end === -1) {
      names.push(part)
      continue
    }
    const name = part.slice(0, end)
    if (!OPTION_NAMES.includes(name) && !more.includes(name)) throw noOption(part, more)
    if (values.has(name)) throw parametersInvalid(`${name} is given more than once; give it once.`)
    values.set(name, part.slice(end + 1))
  }
  return { names, values }
}

/**
 * Reads every option for itself.
 * @throws AppError 400 "Invalid parameters" for a wrong value
 */
export function readOptions(values: ReadonlyMap<string, string>): Options {
  const options: [keyof Options, unknown][] = []
  for (const member of MEMBERS) {
    const { name, read, right } = SPELLINGS[member]
    const text = values.get(name)
    if (text === undefined) continue
    const value = read(text)
    if (value === undefined) throw wrongValue(name, text, right)
    if (value !== null) options.push([member, value])
  }
  return Object.fromEntries(options)
}

/** @param right completes "it must be …" */
export const wrongValue = (name: string, text: string, right: string) =>
  parametersInvalid(`${name} is ${quote(text)}; it must be ${right}.`)

export const noOption = (part: string, more: readonly string[]) =>
  parametersInvalid(
    `${quote(part)} is no option; an option is name_value, and its name must be ${listNames([...OPTION_NAMES, ...more])}.`,
  )
