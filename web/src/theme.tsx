import { createTheme, type MantineColorsTuple, MantineProvider } from '@mantine/core'
import { type ReactNode, useMemo } from 'react'
import { useMessages } from './messages/messages'

/** Shades of the accent colour of `tokens.css`, from light to dark. */
const PINE: MantineColorsTuple = [
  '#eef7f5',
  '#dcebe7',
  '#b7d6cf',
  '#8fc0b6',
  '#6bada0',
  '#52a092',
  '#3f9687',
  '#2a8273',
  '#14695f',
  '#0f5e56',
]
/** Greys of a light page, from light to dark. */
const GRAY: MantineColorsTuple = [
  '#f8f8f6',
  '#f1f1ed',
  '#e7e7e2',
  '#dcdcd6',
  '#c8c8c1',
  '#a7a7a0',
  '#80807a',
  '#5a5a54',
  '#3b3b37',
  '#232321',
]
/** Greys of a dark page, from light to dark. */
const DARK: MantineColorsTuple = [
  '#ecece8',
  '#c9c9c2',
  '#b4b4ac',
  '#7d7d76',
  '#4a4a45',
  '#393935',
  '#2a2a27',
  '#1e1e1c',
  '#171716',
  '#0f0f0e',
]

/** The theme of the page, and the built-in labels of its components in the language of the page. */
export function Theme({ children }: { children: ReactNode }) {
  const { t } = useMessages()
  const theme = useMemo(
    () =>
      createTheme({
        cursorType: 'pointer',
        respectReducedMotion: true,
        fontFamily: 'var(--font)',
        headings: { fontFamily: 'var(--font)' },
        defaultRadius: 'var(--radius)',
        colors: { pine: PINE, gray: GRAY, dark: DARK },
        primaryColor: 'pine',
        // White text on it has the contrast that WCAG requires.
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
