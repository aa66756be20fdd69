import { modals } from '@mantine/modals'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useAskBeforeUnload } from '../ask-before-unload'
import { useMessages } from '../messages/messages'
import { EDIT_KEY } from './item-edit'
import { useView } from './view'

/**
 * The id of the open image. It follows the address, which links and the back and forward buttons change.
 * While there are unsaved changes, the image stays open and the page asks first.
 */
export function useShownItem() {
  const { open, setView } = useView()
  const client = useQueryClient()
  const [shown, setShown] = useState(open)
  const [isChanged, setIsDrawnChanged] = useState(false)
  /** The same without delay: a key may arrive before the next rendering. */
  const isUnsaved = useRef(false)
  const setIsChanged = useCallback((changed: boolean) => {
    isUnsaved.current = changed
    setIsDrawnChanged(changed)
  }, [])
  /** Discards unsaved changes, including refused ones. */
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

  /** Runs an action that would lose unsaved changes, after a question if there are any. */
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
  /** Opens another image; null closes the open one. */
  const show = useCallback(
    (id: number | null, history: 'push' | 'replace') =>
      leave(() => void setView({ open: id }, { history })),
    [leave, setView],
  )

  // Changes that are being saved, and refused ones that are kept, would be lost as well.
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

/**
 * @returns a function that asks whether to discard changes, and returns a function that closes the
 * question. A new question replaces an open one.
 */
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
