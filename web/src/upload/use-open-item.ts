import { notifications } from '@mantine/notifications'
import { useRefresh } from '../media/queries'
import { useView } from '../media/view'
import { useMessages } from '../messages/messages'
import { findPosition } from './find-position'

/** @returns a function that opens an item by its id, in the view of the whole library */
export function useOpenItem() {
  const { t } = useMessages()
  const { setView } = useView()
  const refresh = useRefresh()
  return async (id: number) => {
    try {
      // The list must be as new as the item, or its position would be another's.
      const [open] = await Promise.all([findPosition(id), refresh()])
      if (open === undefined) notifications.show({ message: t.gone })
      else await setView({ order: null, search: null, at: null, open }, { history: 'push' })
    } catch {
      notifications.show({ message: t.unreachable, color: 'red' })
    }
  }
}
