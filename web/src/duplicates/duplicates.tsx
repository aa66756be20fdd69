import { ScreenHeader } from '../screen-header'

export function Duplicates(_: { onOpen: (id: number) => void }) {
  return <ScreenHeader screen="duplicates" />
}
