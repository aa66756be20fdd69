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

const Tags = Type.Union([Type.Array(Type.String()), Type.String()])

/** Members of a body that say which tags items get and lose. */
export const TagChangeFields = { add: Type.Optional(Tags), remove: Type.Optional(Tags) }

export interface SelectionBody {
  ids?: readonly number[]
  search?: string
  until?: number
  except?: readonly number[]
}

/** A selection whose end may be open; see `selection.ts`. */
export type Selected =
  | { ids: readonly number[] }
  | { terms: readonly string[]; until: number | undefined; except: ReadonlySet<number> }

/**
 * Reads which items are selected.
 * @param body must conform to `SelectionFields`
 * @throws AppError 400: "Required parameters missing" if no item is selected, "Invalid parameters" if there
 *   are two selections or one is over a limit
 */
export function readSelection({ ids, search, until, except }: SelectionBody): Selected {
  if (ids !== undefined && search !== undefined) {
    throw parametersInvalid('ids and search are both given; give one of them.')
  }
  if (search !== undefined) {
    checkCount('except', except ?? [])
    return { terms: parseSearch(search), until, except: new Set(except) }
  }
  if (ids === undefined)
    throw parametersMissing('ids and search are both missing; give one of them.')
  if (except !== undefined) {
    throw parametersInvalid('ids and except are both given; give except only with search.')
  }
  if (ids.length === 0) throw parametersMissing('ids is empty; give at least one id.')
  checkCount('ids', ids)
  return { ids: [...new Set(ids)].sort((a, b) => a - b) }
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
