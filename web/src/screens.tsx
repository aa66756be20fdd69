import { Suspense } from 'react'
import { loadLater } from './load-later'
import type { Screen } from './screen'
import { WaitingScreen } from './waiting'

const { Component: AltDesk } = loadLater(async () => ({
  default: (await import('./alt-desk/alt-desk')).AltDesk,
}))

const { Component: Duplicates } = loadLater(async () => ({
  default: (await import('./duplicates/duplicates')).Duplicates,
}))

interface ScreensProps {
  screen: Screen
  onOpen: (id: number) => void
}

/** What takes the place of the library. Its code is loaded when it is first shown. */
export function Screens({ screen, onOpen }: ScreensProps) {
  const Shown = screen === 'alt' ? AltDesk : Duplicates
  return (
    <Suspense fallback={<WaitingScreen onRetry={() => location.reload()} />}>
      <Shown onOpen={onOpen} />
    </Suspense>
  )
}
