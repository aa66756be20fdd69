import { Drawer } from '@mantine/core'
import { useDisclosure, useLocalStorage, useMediaQuery } from '@mantine/hooks'
import type { ReactNode } from 'react'
import { useMessages } from '../messages/messages'
import { Navigation } from './navigation'
import classes from './navigation.module.css'

/** From this width on, the navigation stands beside the library. */
const WIDE = '(min-width: 62em)'

interface FrameProps {
  /** @param openNavigation undefined while the navigation is there */
  children: (openNavigation: (() => void) | undefined) => ReactNode
}

/** The navigation with the library beside it. On a narrow screen it is a drawer over the library. */
export function Frame({ children }: FrameProps) {
  const { t } = useMessages()
  const isWide = useMediaQuery(WIDE, undefined, { getInitialValueInEffect: false })
  const [isKept, setIsKept] = useLocalStorage({
    key: 'vitrine-navigation',
    defaultValue: true,
    getInitialValueInEffect: false,
  })
  const [isDrawn, { open, close }] = useDisclosure()
  const isBeside = isWide && isKept
  return (
    <div className={classes.frame}>
      {isBeside && (
        <div className={classes.beside}>
          <Navigation onCollapse={() => setIsKept(false)} />
        </div>
      )}
      <div className={classes.main}>
        {children(isBeside ? undefined : isWide ? () => setIsKept(true) : open)}
      </div>
      <Drawer.Root opened={isDrawn && !isWide} onClose={close} size={300}>
        <Drawer.Overlay />
        <Drawer.Content aria-label={t.navigation}>
          <Drawer.Body className={classes.drawer}>
            <Navigation onChoose={close} onCollapse={close} />
          </Drawer.Body>
        </Drawer.Content>
      </Drawer.Root>
    </div>
  )
}
