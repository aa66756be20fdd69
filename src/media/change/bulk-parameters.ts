import { parametersInvalid, parametersMissing, quote } from '../../base/errors.ts'
import { Type } from '../../http/schema.ts'
import { parseSearch } from '../list/search.ts'
import { readTags } from '../parameters.ts'
import type { TagChange } from './retag.ts'

/** As many items as one request may name; more can be meant by a search. */
const MAX_IDS = 10_000

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })

/** Members of a body that say which items are meant. */
export const SelectionFields = {
  ids: Type.Optional(Type.Array(Id, { description: `Ids of up to ${MAX_IDS} items` })),
  search: Type.Optional(
    Type.String({
      description:
        'Instead of `ids`: all items that match, as in a list; blank means all there are',
    }),
  ),
  until: Type.Optional(
    Type.Unsafe<number>({ ...Id, description: 'With `search`: only items up to this id' }),
  ),
  except: Type.Optional(
    Type.Array(Id, { description: `With \`search\`: all but these up to ${MAX_IDS} items` }),
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

/** A selection of which the end may be open; see `selection.ts`. */
export type Selected =
  | { ids: readonly number[] }
  | { terms: readonly string[]; until: number | undefined; except: ReadonlySet<number> }

/**
 * Which items are meant.
 * @param body that conforms to `SelectionFields`
 * @throws AppError 400: "Required parameters missing" if nothing says, "Invalid parameters" if it
 *   is said twice or over a limit
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
    throw parametersInvalid('ids and except are both given; leave out of ids what is not meant.')
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
 * Which tags items get and lose.
 * @param body that conforms to `TagChangeFields`
 * @throws AppError 400, as `readTags` does, and if there is no tag or one is in both
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
