import { modals } from '@mantine/modals'
import { useIsMutating } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useMessages } from '../messages/messages'
import { EDIT_KEY } from './item-edit'
import { useView } from './view'

/**
 * The image that is open, by its id. The address says which, and links and the buttons of the
 * browser change it; but as long as something typed is not saved the image stays, and the page asks.
 */
export function useShownItem() {
  const { open, setView } = useView()
  const [shown, setShown] = useState(open)
  const [isChanged, setIsChanged] = useState(false)
  const ask = useQuestion()
  const isHeld = open !== shown && isChanged
  if (open !== shown && !isChanged) setShown(open)

  useEffect(() => {
    if (!isHeld) return
    return ask({
      onDiscard: () => setIsChanged(false),
      onStay: () => void setView({ open: shown }, { history: 'push' }),
    })
  }, [isHeld, shown, setView, ask])

  /** Opens another image, or none, whatever is not saved. */
  const go = (id: number | null, history: 'push' | 'replace') => {
    setIsChanged(false)
    void setView({ open: id }, { history })
  }
  /** The same, after a question where something is not saved. */
  const show: typeof go = (id, history) => {
    if (isChanged) ask({ onDiscard: () => go(id, history) })
    else go(id, history)
  }

  const isSaving = useIsMutating({ mutationKey: EDIT_KEY }) > 0
  useEffect(() => {
    if (!isChanged && !isSaving) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [isChanged, isSaving])

  return { shown, show, go, isChanged, setIsChanged }
}

interface Answers {
  onDiscard: () => void
  onStay?: () => void
}

/** @returns a function that asks, which returns one that takes the question back */
function useQuestion() {
  const { t } = useMessages()
  const latest = useRef(t)
  latest.current = t
  return useCallback(({ onDiscard, onStay }: Answers) => {
    const { unsaved, unsavedHint, discard, keepEditing } = latest.current
    let isOver = false
    const once = (act?: () => void) => {
      if (isOver) return
      isOver = true
      act?.()
    }
    const id = modals.openConfirmModal({
      title: unsaved,
      children: unsavedHint,
      labels: { confirm: discard, cancel: keepEditing },
      confirmProps: { color: 'red' },
      onConfirm: () => once(onDiscard),
      onClose: () => once(onStay),
    })
    return () => once(() => modals.close(id))
  }, [])
}
