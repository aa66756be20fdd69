import { parametersInvalid, quote } from '../../base/errors.ts'
import { foldTagCase } from '../../base/fold.ts'
import { Type } from '../../http/schema.ts'
import { asInvalid, readMembers } from '../members.ts'
import { readName } from '../parameters.ts'
import { readSavedQuery, type SavedQuery } from './saved-search.ts'

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
const orNull = <Schema extends Parameters<typeof Type.Optional>[0]>(schema: Schema) =>
  Type.Optional(Type.Unsafe<unknown>(Type.Union([schema, Type.Null()])))

const Name = Type.String({ description: '1 to 255 characters, unlike those of its siblings' })
const Description = orNull(Type.String({ description: 'Up to 10,000 characters' }))
const Parent = orNull(Type.Integer({ ...Id, description: 'Id of the collection to be below' }))

/** Members of a body that makes a collection. */
export const NewCollectionFields = {
  name: Name,
  parent: Parent,
  description: Description,
  query: orNull(
    Type.String({
      description: 'Makes it a saved search: the query of a list, without offset and limit',
    }),
  ),
}

/** Members of a merge patch of a collection. */
export const CollectionPatchFields = {
  name: Type.Optional(Name),
  description: Description,
  parent: Parent,
  cover: orNull(Type.Integer({ ...Id, description: 'Id of an item' })),
  after: orNull(
    Type.Integer({
      ...Id,
      description: 'Id of the sibling to come after; null for the first place',
    }),
  ),
}

export interface NewCollection {
  name: string
  parent: number | null
  description: string | null
  query: SavedQuery | null
}

/** Changes of a collection. An absent member stays as it is. */
export interface CollectionPatch {
  name?: string
  description?: string | null
  parent?: number | null
  cover?: number | null
  after?: number | null
}

/** How names are compared. */
export const foldName = (name: string): string => foldTagCase(name)

/**
 * Reads what a new collection is to be.
 * @throws AppError 400: "Required parameters missing" for a missing or blank name, "Invalid parameters" for a value
 *   that is over a limit or malformed
 */
export function readNewCollection(body: {
  name?: unknown
  parent?: unknown
  description?: unknown
  query?: unknown
}): NewCollection {
  const { name, parent = null, description = null, query = null } = body
  return {
    name: readName(name),
    parent: readOptionalId(parent, 'parent'),
    description: readDescription(description),
    query: query === null ? null : readSavedQuery(requireString(query, 'query')),
  }
}

const READERS: {
  readonly [Name in keyof Required<CollectionPatch>]: (
    value: unknown,
    name: string,
  ) => Exclude<CollectionPatch[Name], undefined>
} = {
  name: (value) => asInvalid(() => readName(value)),
  description: readDescription,
  parent: readOptionalId,
  cover: readOptionalId,
  after: readOptionalId,
}

/**
 * Reads a JSON merge patch of a collection (RFC 7396).
 * @throws AppError 400 "Invalid parameters", naming the member
 */
export function readCollectionPatch(body: unknown): CollectionPatch {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw parametersInvalid(`The body is ${quote(body)}; it must be a JSON object.`)
  }
  const known = Object.keys(READERS) as (keyof CollectionPatch)[]
  const patch: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(body)) {
    const member = known.find((it) => it === name)
    if (member === undefined) {
      throw parametersInvalid(
        `${quote(name)} is no member that can be changed; those are ${known.join(', ')}.`,
      )
    }
    patch[member] = READERS[member](value, member)
  }
  return patch
}

function readDescription(value: unknown): string | null {
  return readMembers({ description: value }).description ?? null
}

function readOptionalId(value: unknown, name: string): number | null {
  if (value === null) return null
  if (Number.isSafeInteger(value) && Number(value) > 0) return Number(value)
  throw parametersInvalid(`${name} is ${quote(value)}; it must be an id or null.`)
}

function requireString(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw parametersInvalid(`${name} is ${quote(value)}; it must be a string or null.`)
}
