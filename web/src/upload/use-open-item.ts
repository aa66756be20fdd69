import { useRefresh } from '../media/queries'
import { useView, WHOLE } from '../media/view'

/** @returns a function that opens an item in the view of the whole library, without a search */
export function useOpenItem() {
  const { setView } = useView()
  const refresh = useRefresh()
  return (id: number) => {
    // The cached list may be older than the item.
    void refresh()
    void setView({ ...WHOLE, open: id }, { history: 'push' })
  }
}
