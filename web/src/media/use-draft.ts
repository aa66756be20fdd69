import { useCallback, useEffect, useRef, useState } from 'react'
import type { MediaItem } from '../api/client'
import type { Edit } from './item-edit'

export interface Draft extends Partial<Edit> {
  /** Typed, and not a tag yet. */
  tagText: string
}

const NONE: Draft = { tagText: '' }

/**
 * What is typed of an item and not saved.
 * @param onChange told whether there is something: with the very event that makes it so, since the key
 *   that leaves the image may come before the page is drawn again
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
  // The item itself may become another: saved, or changed by somebody else.
  useEffect(() => onChange(isChanged), [isChanged, onChange])
  useEffect(() => () => onChange(false), [onChange])
  return {
    draft,
    isChanged,
    change: (changes: Partial<Draft>) => set({ ...latest.current, ...changes }),
    /** Makes it what it is about to be saved as. */
    take: useCallback((): Edit => {
      const { name, tags, tagText } = { ...item, ...latest.current }
      const typed = tagText.split(',').map((tag) => tag.trim())
      return { name, tags: [...tags, ...typed.filter((tag) => tag !== '')] }
    }, [item]),
    set,
    /** Forgets it all, or only if it still is what it was. */
    clear: (ifStill?: Draft) => {
      if (ifStill === undefined || latest.current === ifStill) set(NONE)
    },
  }
}

function isDifferent(item: MediaItem, draft: Draft): boolean {
  const { name, tags, tagText } = { ...item, ...draft }
  return name !== item.name || tags.join('\n') !== item.tags.join('\n') || tagText.trim() !== ''
}
