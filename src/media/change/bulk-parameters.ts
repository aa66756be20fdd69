import { parametersInvalid, parametersMissing, quote } from '../../base/errors.ts'
import { foldTagCase } from '../../base/fold.ts'
import { Type } from '../../http/schema.ts'
import type { Filter } from '../filter/filter.ts'
import { FILTER_PARAMETERS, readFilter } from '../filter/read-filter.ts'
import { parseSearch } from '../list/search.ts'
import { readTags } from '../parameters.ts'
import type { TagChange } from './retag.ts'
import type { Selection } from './selection.ts'

/** The most items that one request may name. A search or a filter may select more. */
const MAX_IDS = 10_000

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })

type FilterFields = { readonly [Name in keyof Filter]?: string }

const FilterText = Type.Optional(
  Type.Unsafe<string>({ type: 'string', description: 'Instead of `ids`: as in a list' }),
)

/** Members of a body that select items. */
export const SelectionFields = {
  ids: Type.Optional(Type.Array(Id, { description: `Ids of up to ${MAX_IDS} items` })),
  search: Type.Optional(
    Type.String({
      description: 'Instead of `ids`: all items that match, as in a list; blank selects all items',
    }),
  ),
  ...(Object.fromEntries(FILTER_PARAMETERS.map((name) => [name, FilterText])) as Record<
    keyof Filter,
    typeof FilterText
  >),
  until: Type.Optional(
    Type.Unsafe<number>({
      ...Id,
      description: 'Required without `ids`: only items up to this id, the highest that was seen',
    }),
  ),
  except: Type.Optional(
    Type.Array(Id, { description: `Without \`ids\`: not these items, up to ${MAX_IDS} ids` }),
  ),
}

export const Tags = Type.Union([Type.Array(Type.String()), Type.String()])

/** Members of a body that say which tags items get and lose. */
export const TagChangeFields = { add: Type.Optional(Tags), remove: Type.Optional(Tags) }

export interface SelectionBody extends FilterFields {
  ids?: readonly number[]
  search?: string
  until?: number
  except?: readonly number[]
  in?: string
}

/**
 * Reads which items are selected.
 * @param body must conform to `SelectionFields`
 * @throws AppError 400: "Required parameters missing" if no item is selected or `until` is missing, "Invalid
 *   parameters" if there are two selections, one is over a limit, or a filter has an unknown value
 */
export function readSelection(body: SelectionBody): Selection {
  const { ids, search, until, except } = body
  // In the query of a list an empty filter counts as absent. Here it could widen what is changed.
  const empty = FILTER_PARAMETERS.find((name) => body[name] === '')
  if (empty !== undefined)
    throw parametersInvalid(`${empty} is empty; give a value, or leave it out.`)
  const filter = readFilter({ ...body })
  const chooser = search === undefined ? FILTER_PARAMETERS.find((name) => body[name]) : 'search'
  if (ids !== undefined && chooser !== undefined) {
    throw parametersInvalid(`ids and ${chooser} are both given; give one of them.`)
  }
  if (chooser !== undefined) {
    checkCount('except', except ?? [])
    const terms = parseSearch(search ?? '')
    if (until === undefined) {
      throw parametersMissing('until is missing; it must be the highest id that was seen.')
    }
    return { terms, filter, until, except: new Set(except) }
  }
  if (ids === undefined) {
    throw parametersMissing(
      'ids, search and all filters are missing; give ids, or one of the others.',
    )
  }
  for (const [name, value] of Object.entries({ until, except })) {
    if (value === undefined) continue
    throw parametersInvalid(
      `ids and ${name} are both given; give ${name} only with a search or a filter.`,
    )
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
 * @throws AppError 400, like `readTagLists`, and if there is no tag
 */
export function readTagChange(body: { add?: unknown; remove?: unknown }): TagChange {
  const { add, remove } = readTagLists({ add: body.add, remove: body.remove })
  if (add.length + remove.length === 0) {
    throw parametersMissing('add and remove hold no tag; give at least one.')
  }
  return { add, remove }
}

/**
 * Reads two lists of tags, by their names: first the tags that items get, then the tags that they lose.
 * @throws AppError 400, like `readTags`, and if one tag is in both
 */
export function readTagLists(lists: Readonly<Record<string, unknown>>): TagChange {
  const names = Object.keys(lists)
  const [add = [], remove = []] = names.map((name) => readTags(lists[name] ?? [], name))
  const removed = new Set(remove.map(foldTagCase))
  const both = add.find((tag) => removed.has(foldTagCase(tag)))
  if (both !== undefined) {
    throw parametersInvalid(
      `The tag ${quote(both)} is in both ${names.join(' and ')}; give it in one.`,
    )
  }
  return { add, remove }
}
