import { describe, expect, it } from 'vitest'
import { mapScroll } from './scroll.ts'

const VIEWPORT = 900

describe('the scrollbar', () => {
  it('has the height of the list, as long as browsers support it', () => {
    const { height, toContent, toScroll } = mapScroll(100_000, VIEWPORT)
    expect(height).toBe(100_000)
    expect(toContent(1234)).toBe(1234)
    expect(toScroll(1234)).toBe(1234)
  })

  it('spans a list of a million rows, from the first to the last', () => {
    const content = 1_000_000 * 230
    const { height, toContent, toScroll } = mapScroll(content, VIEWPORT)
    expect(height).toBeLessThanOrEqual(16_000_000)
    expect(toContent(0)).toBe(0)
    expect(toContent(height - VIEWPORT)).toBeCloseTo(content - VIEWPORT, 3)
    expect(toContent((height - VIEWPORT) / 2)).toBeCloseTo((content - VIEWPORT) / 2, 3)
    expect(toContent(toScroll(123_456_789))).toBeCloseTo(123_456_789, 3)
  })

  it('has a lower maximum where a CSS pixel is several device pixels', () => {
    const { height, toContent } = mapScroll(100_000_000, VIEWPORT, 4)
    expect(height).toBeLessThanOrEqual(8_000_000)
    expect(toContent(height - VIEWPORT)).toBeCloseTo(100_000_000 - VIEWPORT, 3)
  })

  it('keeps offsets unchanged where the whole list fits', () => {
    expect(mapScroll(100, VIEWPORT).toContent(50)).toBe(50)
  })
})
