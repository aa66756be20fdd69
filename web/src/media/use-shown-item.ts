import { modals } from '@mantine/modals'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useAskBeforeUnload } from '../ask-before-unload'
import { useMessages } from '../messages/messages'
import { EDIT_KEY } from './item-edit'
import { useView } from './view'

/**
 * The image that is open, by its id. The address says which, and links and the buttons of the
 * browser change it; but as long as something typed is not saved the image stays, and the page asks.
 */
export function useShownItem() {
  const { open, setView } = useView()
  const client = useQueryClient()
  const [shown, setShown] = useState(open)
  const [isChanged, setIsDrawnChanged] = useState(false)
  /** The same at this very moment: a key may come before the page is drawn again. */
  const isUnsaved = useRef(false)
  const setIsChanged = useCallback((changed: boolean) => {
    isUnsaved.current = changed
    setIsDrawnChanged(changed)
  }, [])
  /** Forgets what is not saved, what was refused included. */
  const discard = useCallback(() => {
    setIsChanged(false)
    const mutations = client.getMutationCache()
    for (const refused of mutations.findAll({
      mutationKey: [...EDIT_KEY, shown],
      status: 'error',
    })) {
      mutations.remove(refused)
    }
  }, [client, shown, setIsChanged])
  const ask = useQuestion()
  const isHeld = open !== shown && isChanged
  if (open !== shown && !isChanged) setShown(open)

  useEffect(() => {
    if (!isHeld) return
    return ask({
      onDiscard: discard,
      onStay: () => void setView({ open: shown }, { history: 'push' }),
    })
  }, [isHeld, shown, setView, discard, ask])

  /** Does what would lose something that is not saved, after a question if there is such a thing. */
  const leave = useCallback(
    (act: () => void) => {
      if (!isUnsaved.current) return act()
      ask({
        onDiscard: () => {
          discard()
          act()
        },
      })
    },
    [ask, discard],
  )
  /** Opens another image, or none. */
  const show = useCallback(
    (id: number | null, history: 'push' | 'replace') =>
      leave(() => void setView({ open: id }, { history })),
    [leave, setView],
  )

  // What is on its way, or was refused and is kept, would be lost as well.
  useAskBeforeUnload(
    () =>
      isUnsaved.current ||
      client
        .getMutationCache()
        .findAll({ mutationKey: EDIT_KEY })
        .some(({ state: { status } }) => status === 'pending' || status === 'error'),
  )
  return { shown, show, leave, isChanged, setIsChanged }
}

interface Answers {
  onDiscard: () => void
  onStay?: () => void
}

/** @returns a function that asks, which returns one that takes the question back; one at a time */
function useQuestion() {
  const { t } = useMessages()
  const latest = useRef(t)
  latest.current = t
  const takeBack = useRef(() => {})
  return useCallback(({ onDiscard, onStay }: Answers) => {
    takeBack.current()
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
    takeBack.current = () => once(() => modals.close(id))
    return takeBack.current
  }, [])
}
