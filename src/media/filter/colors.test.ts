import { describe, expect, it } from 'vitest'
import { COLOR_NAMES, type ColorName, nearestColorName } from './colors.ts'

/** Colours whose name few would dispute: vivid, dark, pale and dull ones of each. */
const KNOWN: Readonly<Record<ColorName, readonly string[]>> = {
  red: ['#ff0000', '#dc143c', '#b22222', '#8b0000', '#800000', '#4a0404', '#e50000', '#d9544d'],
  orange: ['#ff8800', '#ffa500', '#ff7f50', '#ff8c00', '#c65102', '#ffb07c', '#ffdab9'],
  yellow: ['#ffff00', '#ffd700', '#fffacd', '#ffffe0', '#d5b60a', '#fffe7a', '#eedc5b'],
  green: [
    ...['#00ff00', '#008000', '#006400', '#98fb98', '#6b8e23', '#556b2f', '#2e8b57', '#4b5320'],
    ...['#2f3a2f', '#3b4a3b', '#3a5f3a', '#c8d8c8', '#7fae7f', '#061f0a'],
  ],
  teal: ['#008080', '#00ffff', '#40e0d0', '#20b2aa', '#004d4d', '#2f4f4f', '#5f9ea0', '#9fe0d8'],
  blue: [
    ...['#0000ff', '#000080', '#191970', '#4682b4', '#87ceeb', '#add8e6', '#b0c4de', '#1a1a2e'],
    ...['#5b7fa8', '#21344f', '#d0e4ff'],
  ],
  purple: [
    ...['#800080', '#4b0082', '#9370db', '#8a2be2', '#ee82ee', '#dda0dd', '#e6e6fa', '#6a4c7d'],
    ...['#35063e', '#2a1f33'],
  ],
  pink: ['#ffc0cb', '#ff69b4', '#ff1493', '#c71585', '#ff00ff', '#fa8072', '#ffe4e1', '#d58a94'],
  brown: ['#8b4513', '#a52a2a', '#5c4033', '#3d2b1f', '#2b1d14', '#cd853f', '#d2b48c', '#7a5c3e'],
  black: ['#000000', '#0a0a0a', '#222222', '#101510', '#0f0f12'],
  gray: ['#808080', '#7f7f7f', '#333333', '#696969', '#a9a9a9', '#d3d3d3', '#7d8082', '#8a8885'],
  white: ['#ffffff', '#fafafa', '#f5f5f5', '#f0f8ff', '#fffafa', '#f0fff0'],
}

const named = (color: string) => [color, nearestColorName(color)]

describe('the name nearest to a colour', () => {
  it.each(Object.entries(KNOWN))('is %s for %j', (name, colors) => {
    expect(colors.map(named)).toEqual(colors.map((color) => [color, name]))
  })

  it('goes from black over gray to white where there is no hue', () => {
    const names = Array.from({ length: 256 }, (_, level) =>
      nearestColorName(`#${level.toString(16).padStart(2, '0').repeat(3)}`),
    )
    const changes = names.filter((name, index) => name !== names[index - 1])
    expect(changes).toEqual(['black', 'gray', 'white'])
  })

  it('is always one of the names, and each occurs', () => {
    const names = new Set<string>()
    for (let color = 0; color < 2 ** 24; color += 997) {
      names.add(nearestColorName(`#${color.toString(16).padStart(6, '0')}`))
    }
    expect([...names].sort()).toEqual([...COLOR_NAMES].sort())
  })

  it('does not depend on the case of the digits', () => {
    expect(nearestColorName('#FF8800')).toBe('orange')
  })

  it.each(['', 'red', '#fff', 'ff0000', '#ff00000', '#gg0000'])('does not exist for %j', (text) => {
    expect(() => nearestColorName(text)).toThrow(RangeError)
  })
})
