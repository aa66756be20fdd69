import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  MantineProvider,
  defaultCssVariablesResolver as ownVariables,
  type VariantColorsResolver,
} from '@mantine/core'
import { type ReactNode, useMemo } from 'react'
import { useMessages } from './messages/messages'

/** The ten shades of a colour, from `tokens.css`. */
const shades = (name: string): MantineColorsTuple => [
  `var(--${name}-0)`,
  `var(--${name}-1)`,
  `var(--${name}-2)`,
  `var(--${name}-3)`,
  `var(--${name}-4)`,
  `var(--${name}-5)`,
  `var(--${name}-6)`,
  `var(--${name}-7)`,
  `var(--${name}-8)`,
  `var(--${name}-9)`,
]

/** Variables of the components that follow the scheme, with the token that each is. */
const SCHEMED = {
  '--mantine-color-body': 'var(--surface)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-bright': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--ink-2)',
  '--mantine-color-placeholder': 'var(--ink-2)',
  '--mantine-color-anchor': 'var(--accent)',
  '--mantine-color-error': 'var(--danger)',
  '--mantine-color-default': 'var(--raised)',
  '--mantine-color-default-hover': 'var(--hover)',
  '--mantine-color-default-color': 'var(--ink)',
  '--mantine-color-default-border': 'var(--line)',
  '--mantine-primary-color-contrast': 'var(--on-accent)',
  '--mantine-primary-color-filled': 'var(--accent)',
  '--mantine-color-glass-filled': 'var(--accent)',
  '--mantine-color-glass-filled-hover': 'color-mix(in srgb, var(--accent), var(--ink) 18%)',
  '--mantine-color-glass-light': 'var(--accent-soft)',
  '--mantine-color-glass-light-hover': 'color-mix(in srgb, var(--accent-soft), var(--accent) 8%)',
  '--mantine-color-glass-light-color': 'var(--accent)',
  '--mantine-color-glass-text': 'var(--accent)',
  '--mantine-color-glass-outline': 'var(--accent)',
}

const resolveVariables: CSSVariablesResolver = (theme) => {
  const own = ownVariables(theme)
  return {
    variables: own.variables,
    light: { ...own.light, ...SCHEMED },
    dark: { ...own.dark, ...SCHEMED },
  }
}

/** As the components do it, but what is filled with the accent has its own colour of text. */
const resolveVariant: VariantColorsResolver = (input) => {
  const colours = defaultVariantColorsResolver(input)
  const isAccent = input.variant === 'filled' && (input.color ?? 'glass') === 'glass'
  return isAccent ? { ...colours, color: 'var(--on-accent)' } : colours
}

/** The theme of the page, and the built-in labels of its components in the language of the page. */
export function Theme({ children }: { children: ReactNode }) {
  const { t } = useMessages()
  const theme = useMemo(
    () =>
      createTheme({
        cursorType: 'pointer',
        respectReducedMotion: true,
        fontFamily: 'var(--font)',
        fontSizes: { xs: 'var(--text-s)', sm: 'var(--text-m)', md: 'var(--text-l)' },
        headings: { fontFamily: 'var(--font)', fontWeight: '600' },
        radius: { sm: 'var(--radius-m)', md: 'var(--radius-l)' },
        defaultRadius: 'var(--radius-m)',
        colors: { glass: shades('glass'), dark: shades('night') },
        primaryColor: 'glass',
        // The lightest shade on which white text has the contrast that WCAG requires.
        primaryShade: 8,
        variantColorResolver: resolveVariant,
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
    <MantineProvider
      theme={theme}
      cssVariablesResolver={resolveVariables}
      defaultColorScheme="auto"
    >
      {children}
    </MantineProvider>
  )
}
