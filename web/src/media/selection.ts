import type { MediaItem } from '../api/client'

/** Names by id, so that failures can be reported by name after the items have left the screen. */
export type Names = ReadonlyMap<number, string>

/** The selection: single items, or all matches of a search and filters at one moment. */
export type Selection =
  | { kind: 'some'; names: Names }
  | {
      kind: 'all'
      search: string
      /** The filters, as a query string; see `View`. */
      filters: string
      /** The newest id at that moment. Items added later are not selected. */
      until: number
      /** Number of matches at that moment. */
      total: number
      /** Matches that were deselected again. */
      except: Names
    }

export const NOTHING: Selection = { kind: 'some', names: new Map() }

export type NamedItem = Pick<MediaItem, 'id' | 'name'>

/** The selection of one image. */
export const only = ({ id, name }: NamedItem): Selection => ({
  kind: 'some',
  names: new Map([[id, name]]),
})

export const countSelected = (selection: Selection): number =>
  selection.kind === 'some' ? selection.names.size : selection.total - selection.except.size

export const isSelected = (selection: Selection, id: number): boolean =>
  selection.kind === 'some'
    ? selection.names.has(id)
    : id <= selection.until && !selection.except.has(id)

export function toggleItem(selection: Selection, item: NamedItem): Selection {
  return isSelected(selection, item.id)
    ? withoutItem(selection, item)
    : withItems(selection, [item])
}

export function withItems(selection: Selection, items: readonly NamedItem[]): Selection {
  if (selection.kind === 'some') {
    const names = new Map(selection.names)
    for (const { id, name } of items) names.set(id, name)
    return { kind: 'some', names }
  }
  const except = new Map(selection.except)
  for (const { id } of items) except.delete(id)
  return { ...selection, except }
}

/** Merges the selections of single items into one. Selections of all matches stay separate. */
export function unite(selections: readonly Selection[]): Selection[] {
  const names = new Map<number, string>()
  for (const selection of selections) {
    if (selection.kind === 'some') for (const [id, name] of selection.names) names.set(id, name)
  }
  const others = selections.filter(({ kind }) => kind === 'all')
  return names.size > 0 ? [{ kind: 'some', names }, ...others] : others
}

function withoutItem(selection: Selection, { id, name }: NamedItem): Selection {
  if (selection.kind === 'some') {
    const names = new Map(selection.names)
    names.delete(id)
    return { kind: 'some', names }
  }
  const except = new Map(selection.except).set(id, name)
  return except.size < selection.total ? { ...selection, except } : NOTHING
}
