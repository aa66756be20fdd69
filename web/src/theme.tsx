import { createTheme, MantineProvider } from '@mantine/core'
import { type ReactNode, useMemo } from 'react'
import { useMessages } from './messages/messages'

/** The theme of the page, and the built-in labels of its components in the language of the page. */
export function Theme({ children }: { children: ReactNode }) {
  const { t } = useMessages()
  const theme = useMemo(
    () =>
      createTheme({
        cursorType: 'pointer',
        respectReducedMotion: true,
        // The lightest shade on which white text has the contrast that WCAG requires.
        primaryShade: 8,
        components: {
          CloseButton: { defaultProps: { 'aria-label': t.close } },
          // A `header` element counts as a banner, and the page may have only one: its own.
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
