import { useCallback, useEffect, useRef, useState } from 'react'
import type { MediaItem } from '../api/client'
import { type Change, type Edit, FIELDS } from './item-edit'

export interface Draft extends Partial<Edit> {
  /** Typed text that is not a tag yet. */
  tagText: string
  /** Revision of the item when the user began to change it; undefined without changes. */
  revision?: number
}

const NONE: Draft = { tagText: '' }

/**
 * The unsaved changes of an item.
 * @param onChange called with whether there are any. It is called within the input event itself: a key
 *   that leaves the image may arrive before the next rendering.
 */
export function useDraft(
  item: MediaItem,
  refused: Change | undefined,
  onChange: (isChanged: boolean) => void,
) {
  const [draft, setDraft] = useState<Draft>(
    refused ? { ...NONE, ...refused.edit, revision: refused.revision } : NONE,
  )
  const latest = useRef(draft)
  const set = (next: Draft) => {
    latest.current = next
    setDraft(next)
    onChange(isDifferent(item, next))
  }
  const isChanged = isDifferent(item, draft)
  // The item may change too: it is saved, or another user changes it.
  useEffect(() => onChange(isChanged), [isChanged, onChange])
  useEffect(() => () => onChange(false), [onChange])
  return {
    draft,
    isChanged,
    change: (changes: Partial<Draft>) => {
      const { revision } = isDifferent(item, latest.current) ? latest.current : item
      set({ ...latest.current, ...changes, revision: revision ?? item.revision })
    },
    /** The values to save: those that differ. Typed text becomes tags. */
    take: useCallback((): Change => {
      const { tagText, revision, ...typed } = latest.current
      const added = tagText.split(',').map((tag) => tag.trim())
      const tags = [...(typed.tags ?? item.tags), ...added.filter((tag) => tag !== '')]
      const all = { ...typed, tags }
      // The server would trim it to "", which says that the image is decorative.
      if (all.alt && all.alt.trim() === '') all.alt = null
      const changed = FIELDS.filter((field) => all[field] !== undefined)
        .filter((field) => !isSame(all[field], item[field]))
        .map((field) => [field, all[field]])
      return { edit: Object.fromEntries(changed), revision: revision ?? item.revision }
    }, [item]),
    set,
    /** Lets the changes follow another revision: the user has seen it, or has made it. */
    rebase: (revision: number) => set({ ...latest.current, revision }),
    /** Discards the draft; with `ifStill`, only if it has not changed since. @returns whether it did */
    clear: (ifStill?: Draft): boolean => {
      const isStill = ifStill === undefined || latest.current === ifStill
      if (isStill) set(NONE)
      return isStill
    },
  }
}

const isDifferent = (item: MediaItem, { tagText, ...draft }: Draft): boolean =>
  tagText.trim() !== '' ||
  FIELDS.some((field) => draft[field] !== undefined && !isSame(draft[field], item[field]))

/** Compares two values of a field. */
const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)
