import { describe, expect, it } from 'vitest'
import { moveFocus, positionFor, toFocus } from './focus'

describe('the place of a crop', () => {
  const wide = { width: 2000, height: 1000 }

  it('has the point in its middle', () => {
    // A square of 1000 around 800 begins at 300, of the 1000 pixels that it could be moved.
    expect(positionFor({ x: 0.4, y: 0.9 }, wide, 1)).toBe('30% 50%')
    expect(positionFor({ x: 0.9, y: 0.4 }, { width: 1000, height: 2000 }, 1)).toBe('50% 30%')
  })

  it('stays inside the image', () => {
    expect(positionFor({ x: 0.1, y: 0.5 }, wide, 1)).toBe('0% 50%')
    expect(positionFor({ x: 1, y: 0.5 }, wide, 1)).toBe('100% 50%')
  })

  it('is the whole image in its own ratio', () => {
    expect(positionFor({ x: 0.1, y: 0.9 }, wide, 2)).toBe('50% 50%')
  })
})

it('moves by whole percents, and stops at the edges', () => {
  expect(toFocus(0.3333, 1.2)).toEqual({ x: 0.33, y: 1 })
  expect(moveFocus({ x: 0.29, y: 0.5 }, 'ArrowRight', false)).toEqual({ x: 0.3, y: 0.5 })
  expect(moveFocus({ x: 0.29, y: 0.05 }, 'ArrowUp', true)).toEqual({ x: 0.29, y: 0 })
  expect(moveFocus({ x: 0.29, y: 0.5 }, 'a', false)).toBeUndefined()
})
