import { parametersInvalid, quote } from '../../base/errors.ts'
import { foldTagCase, isBlank } from '../../base/fold.ts'
import { type Query, readInteger, readText } from '../../http/query-parameters.ts'
import { readId } from '../../http/read-id.ts'
import { REVEALED } from '../../images/file-metadata.ts'
import { MAX_TAG_CODE_POINTS, requireText } from '../parameters.ts'
import { COLOR_NAMES } from './colors.ts'
import { readDates } from './dates.ts'
import { FILTER_TYPES, type Filter, ORIENTATIONS, TRAITS } from './filter.ts'

/** Stands against requests that read any number of sets from the database. */
export const MAX_FILTER_VALUES = 64

/** As `readUser` of `auth/external/claims.ts` has it. */
const MAX_USER_NAME_CODE_POINTS = 255

/**
 * Larger sizes count as this one. No image is so large, and a key of an order can hold this number plus 1.
 */
const MAX_SIZE = 2 ** 47

/**
 * Reads the parameters of a filter. Other parameters are left alone.
 *
 * @returns undefined for no filter, and for `in=library` alone
 * @throws AppError 400 "Invalid parameters" if a parameter is repeated or has an unknown value, if a minimum is above
 *   its maximum, or if there are more than 64 values in all
 */
export function readFilter(query: Query): Filter | undefined {
  const members = FILTER_PARAMETERS.map((name) => [name, READERS[name](query, name)] as const)
  const filter: Filter = Object.fromEntries(members.filter(([, value]) => value !== undefined))
  requireOrder(filter, 'minWidth', 'maxWidth')
  requireOrder(filter, 'minHeight', 'maxHeight')
  requireOrder(filter, 'minSize', 'maxSize')
  const values = Object.values(filter)
  const count = values.flat().length
  if (count > MAX_FILTER_VALUES) {
    throw parametersInvalid(
      `The filter has ${count} values; it must have at most ${MAX_FILTER_VALUES} in all.`,
    )
  }
  return values.length === 0 ? undefined : filter
}

type Reader<Name extends keyof Filter> = (query: Query, name: string) => Filter[Name] | undefined

const READERS: { readonly [Name in keyof Required<Filter>]: Reader<Name> } = {
  type: readEach(FILTER_TYPES),
  tag: readTagList,
  anyTag: readTagList,
  notTag: readTagList,
  collection: readCollection,
  has: readEach(TRAITS),
  lacks: readEach(TRAITS),
  orientation: readOne(ORIENTATIONS),
  animated: (query, name) => {
    const value = readOne(['true', 'false'])(query, name)
    return value === undefined ? undefined : value === 'true'
  },
  minWidth: readSize,
  maxWidth: readSize,
  minHeight: readSize,
  maxHeight: readSize,
  minSize: readSize,
  maxSize: readSize,
  minRating: (query, name) => readNumber(query, name, 5),
  added: readTimes,
  taken: readTimes,
  addedBy: readUserName,
  color: readOne(COLOR_NAMES),
  reveals: readEach(REVEALED),
  in: (query, name) =>
    readOne(['library', 'trash'])(query, name) === 'trash' ? 'trash' : undefined,
}

/** The names of all parameters of a filter, for routes that refuse what they do not know. */
export const FILTER_PARAMETERS = Object.keys(READERS) as readonly (keyof Filter)[]

/** Reads one of some values. */
function readOne<Value extends string>(allowed: readonly Value[]) {
  return (query: Query, name: string): Value | undefined => {
    const text = readText(query, name)
    return text === undefined ? undefined : requireOne(text, name, allowed)
  }
}

/** Reads several of some values, with commas between them. */
function readEach<Value extends string>(allowed: readonly Value[]) {
  return (query: Query, name: string): readonly Value[] | undefined =>
    readList(query, name, (part) => requireOne(part, name, allowed))
}

function requireOne<Value extends string>(text: string, name: string, allowed: readonly Value[]) {
  const found = allowed.find((value) => value === text)
  if (found !== undefined) return found
  throw parametersInvalid(`${name} is ${quote(text)}; it must be ${listNames(allowed)}.`)
}

const listNames = (names: readonly string[]) =>
  `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`

function readTagList(query: Query, name: string): readonly string[] | undefined {
  return readList(query, name, (tag) => {
    requireText(name, tag.normalize('NFC'), MAX_TAG_CODE_POINTS)
    return foldTagCase(tag)
  })
}

/** Reads values with commas between them; white space around one is left out. */
function readList<Value extends string>(
  query: Query,
  name: string,
  readPart: (part: string) => Value,
): readonly Value[] | undefined {
  const text = readText(query, name)
  if (text === undefined) return undefined
  const values = new Set<Value>()
  for (const part of text.split(',')) {
    // Leaving it out silently could make the filter find more.
    if (isBlank(part)) {
      throw parametersInvalid(
        `${name} is ${quote(text)}, with an empty value; it must have a value before and after each comma.`,
      )
    }
    values.add(readPart(part.trim()))
  }
  return [...values].sort()
}

function readCollection(query: Query, name: string): number | 'none' | undefined {
  const text = readText(query, name)
  if (text === undefined || text === 'none') return text
  const id = readId(text)
  if (id !== undefined) return id
  throw parametersInvalid(`${name} is ${quote(text)}; it must be the id of a collection, or none.`)
}

/** Another service may give names of any form. So this refuses only characters that no name may have. */
function readUserName(query: Query, name: string): string | undefined {
  const text = readText(query, name)
  if (text !== undefined) requireText(name, text, MAX_USER_NAME_CODE_POINTS)
  return text
}

function readSize(query: Query, name: string): number | undefined {
  const size = readNumber(query, name, Number.MAX_SAFE_INTEGER)
  return size && Math.min(size, MAX_SIZE)
}

function readNumber(query: Query, name: string, max: number): number | undefined {
  if (readText(query, name) === undefined) return undefined
  return readInteger(query, name, { fallback: 0, min: 0, max })
}

function readTimes(query: Query, name: string) {
  const text = readText(query, name)
  return text === undefined ? undefined : readDates(text, name)
}

type Limit = 'minWidth' | 'maxWidth' | 'minHeight' | 'maxHeight' | 'minSize' | 'maxSize'

function requireOrder(filter: Filter, low: Limit, high: Limit) {
  const [min, max] = [filter[low], filter[high]]
  if (min === undefined || max === undefined || min <= max) return
  throw parametersInvalid(
    `${low} is ${min} and ${high} is ${max}; ${low} must not be larger than ${high}.`,
  )
}
