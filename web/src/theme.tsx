import { createTheme, MantineProvider } from '@mantine/core'
import { type ReactNode, useMemo } from 'react'
import { useMessages } from './messages/messages'

/** How the page looks, and what its components say by themselves, in the language of the page. */
export function Theme({ children }: { children: ReactNode }) {
  const { t } = useMessages()
  const theme = useMemo(
    () =>
      createTheme({
        cursorType: 'pointer',
        respectReducedMotion: true,
        // The first shade on which white text has the contrast that WCAG asks for.
        primaryShade: 8,
        components: {
          CloseButton: { defaultProps: { 'aria-label': t.close } },
          // The page has one banner; the head of a dialog is none.
          ModalHeader: { defaultProps: { role: 'presentation' } },
          DrawerHeader: { defaultProps: { role: 'presentation' } },
        },
      }),
    [t],
  )
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      {children}
    </MantineProvider>
  )
}
