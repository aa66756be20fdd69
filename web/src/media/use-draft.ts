import { useCallback, useEffect, useRef, useState } from 'react'
import type { MediaItem } from '../api/client'
import type { Edit } from './item-edit'

export interface Draft extends Partial<Edit> {
  /** Typed text that is not a tag yet. */
  tagText: string
}

const NONE: Draft = { tagText: '' }

/**
 * The unsaved changes of an item.
 * @param onChange called with whether there are any. It is called within the input event itself: a key
 *   that leaves the image may arrive before the next rendering.
 */
export function useDraft(
  item: MediaItem,
  refused: Edit | undefined,
  onChange: (isChanged: boolean) => void,
) {
  const [draft, setDraft] = useState<Draft>({ ...NONE, ...refused })
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
    change: (changes: Partial<Draft>) => set({ ...latest.current, ...changes }),
    /** The values to save: typed text becomes tags. */
    take: useCallback((): Edit => {
      const { name, tags, tagText } = { ...item, ...latest.current }
      const typed = tagText.split(',').map((tag) => tag.trim())
      return { name, tags: [...tags, ...typed.filter((tag) => tag !== '')] }
    }, [item]),
    set,
    /** Discards the draft; with `ifStill`, only if it has not changed since. */
    clear: (ifStill?: Draft) => {
      if (ifStill === undefined || latest.current === ifStill) set(NONE)
    },
  }
}

function isDifferent(item: MediaItem, draft: Draft): boolean {
  const { name, tags, tagText } = { ...item, ...draft }
  return name !== item.name || tags.join('\n') !== item.tags.join('\n') || tagText.trim() !== ''
}
