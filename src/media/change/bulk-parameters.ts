import { parametersInvalid, parametersMissing, quote } from '../../base/errors.ts'
import { Type } from '../../http/schema.ts'
import { parseSearch } from '../list/search.ts'
import { readTags } from '../parameters.ts'
import type { TagChange } from './retag.ts'

/** The most items that one request may name. A search may select more. */
const MAX_IDS = 10_000

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })

/** Members of a body that select items. */
export const SelectionFields = {
  ids: Type.Optional(Type.Array(Id, { description: `Ids of up to ${MAX_IDS} items` })),
  search: Type.Optional(
    Type.String({
      description: 'Instead of `ids`: all items that match, as in a list; blank selects all items',
    }),
  ),
  until: Type.Optional(
    Type.Unsafe<number>({ ...Id, description: 'With `search`: only items up to this id' }),
  ),
  except: Type.Optional(
    Type.Array(Id, { description: `With \`search\`: not these items, up to ${MAX_IDS} ids` }),
  ),
}

/** A member of a body that lets a search select in the trash. */
export const InTrashField = {
  in: Type.Optional(
    Type.String({ description: 'With `search`: `trash` selects among the items in the trash' }),
  ),
}

const Tags = Type.Union([Type.Array(Type.String()), Type.String()])

/** Members of a body that say which tags items get and lose. */
export const TagChangeFields = { add: Type.Optional(Tags), remove: Type.Optional(Tags) }

export interface SelectionBody {
  ids?: readonly number[]
  search?: string
  until?: number
  except?: readonly number[]
  in?: string
}

/** A selection whose end may be open; see `selection.ts`. */
export type Selected =
  | { ids: readonly number[] }
  | {
      terms: readonly string[]
      until: number | undefined
      except: ReadonlySet<number>
      /** Whether it selects among the items in the trash, instead of those of the library. */
      inTrash?: boolean
    }

/**
 * Reads which items are selected.
 * @param body must conform to `SelectionFields`
 * @throws AppError 400: "Required parameters missing" if no item is selected, "Invalid parameters" if there
 *   are two selections or one is over a limit
 */
export function readSelection({ ids, search, until, except, in: place }: SelectionBody): Selected {
  if (ids !== undefined && search !== undefined) {
    throw parametersInvalid('ids and search are both given; give one of them.')
  }
  if (search !== undefined) {
    checkCount('except', except ?? [])
    if (place !== undefined && place !== 'library' && place !== 'trash') {
      throw parametersInvalid(`in is ${quote(place)}; it must be library or trash.`)
    }
    const inTrash = place === 'trash'
    return { terms: parseSearch(search), until, except: new Set(except), inTrash }
  }
  if (ids === undefined)
    throw parametersMissing('ids and search are both missing; give one of them.')
  for (const [name, value] of Object.entries({ except, in: place })) {
    if (value === undefined) continue
    throw parametersInvalid(`ids and ${name} are both given; give ${name} only with search.`)
  }
  if (ids.length === 0) throw parametersMissing('ids is empty; give at least one id.')
  checkCount('ids', ids)
  return { ids: [...new Set(ids)].sort((a, b) => a - b) }
}

/**
 * For work that cannot be taken back by the same request: it must not reach items that the user has not seen.
 * @throws AppError 400 "Required parameters missing" if a search selects without an end
 */
export function requireEnd(selected: Selected): void {
  if ('terms' in selected && selected.until === undefined) {
    throw parametersMissing('until is missing; it must be the highest id that was seen.')
  }
}

function checkCount(field: string, { length }: readonly number[]): void {
  if (length > MAX_IDS) {
    throw parametersInvalid(`${field} holds ${length} ids; at most ${MAX_IDS} are allowed.`)
  }
}

/**
 * Reads which tags items get and lose.
 * @param body must conform to `TagChangeFields`
 * @throws AppError 400, like `readTags`, and if there is no tag or one tag is in both
 */
export function readTagChange(body: { add?: unknown; remove?: unknown }): TagChange {
  const add = readTags(body.add ?? [], 'add')
  const remove = readTags(body.remove ?? [], 'remove')
  if (add.length + remove.length === 0) {
    throw parametersMissing('add and remove hold no tag; give at least one.')
  }
  const both = add.find((tag) => remove.includes(tag))
  if (both !== undefined) {
    throw parametersInvalid(`The tag ${quote(both)} is in both add and remove; give it in one.`)
  }
  return { add, remove }
}
