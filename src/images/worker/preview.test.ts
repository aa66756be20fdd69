import { describe, expect, it } from 'vitest'
import { dominantColor } from './preview.ts'

describe('dominantColor', () => {
  it.each<[string, number[][], string]>([
    [
      'the most frequent one',
      [
        [9, 9, 9, 255],
        [200, 0, 0, 255],
        [200, 0, 0, 255],
      ],
      '#c80000',
    ],
    [
      'the mean of similar colours',
      [
        [16, 32, 48, 255],
        [18, 34, 50, 255],
        [99, 0, 0, 255],
      ],
      '#112131',
    ],
    [
      'weighted by opacity',
      [
        [255, 0, 0, 100],
        [255, 0, 0, 100],
        [0, 0, 255, 255],
      ],
      '#0000ff',
    ],
    ['white for a fully transparent image', [[1, 2, 3, 0]], '#ffffff'],
  ])('is %s', (_, pixels, color) => {
    expect(dominantColor(Uint8Array.from(pixels.flat()))).toBe(color)
  })
})
