import { useRefresh } from '../media/queries'
import { useView } from '../media/view'

/** @returns a function that opens an item by its id, in the view of the whole library */
export function useOpenItem() {
  const { setView } = useView()
  const refresh = useRefresh()
  return (id: number) => {
    // The list may be older than the item.
    void refresh()
    void setView({ order: null, search: null, at: null, open: id }, { history: 'push' })
  }
}
