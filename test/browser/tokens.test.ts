import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../harness.ts'

const css = readFileSync(join(ROOT, 'web/src/tokens.css'), 'utf8')

/** The colours of a scheme, by their names. */
function readScheme(scheme: string): Map<string, string> {
  const [, block = ''] = css.split(`:root[data-mantine-color-scheme="${scheme}"] {`)
  const [own = ''] = block.split('}')
  return new Map(
    [...own.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', hex = '']) => [name, hex]),
  )
}

/** Relative luminance as WCAG 2.2 defines it. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one = '', other = ''): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

/** Foreground, background and the lowest contrast that is allowed: 4.5 for text, 3 for the edges of controls. */
const PAIRS: [string, string, number][] = [
  ...['canvas', 'surface', 'raised', 'hover', 'accent-soft'].flatMap((ground) =>
    ['ink', 'ink-2', 'accent'].map((text): [string, string, number] => [text, ground, 4.5]),
  ),
  ['danger', 'surface', 4.5],
  ['danger', 'raised', 4.5],
  ['danger', 'hover', 4.5],
  ['on-accent', 'accent', 4.5],
  ['on-mark', 'mark', 4.5],
  ['edge', 'surface', 3],
  ['edge', 'canvas', 3],
  ['edge', 'raised', 3],
]

describe.each(['light', 'dark'])('in the %s scheme', (scheme) => {
  const colours = readScheme(scheme)
  it.each(PAIRS)('%s on %s has a contrast of at least %d', (text, ground, least) => {
    expect(contrast(colours.get(text), colours.get(ground))).toBeGreaterThanOrEqual(least)
  })
})
