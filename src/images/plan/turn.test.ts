import { describe, expect, it } from 'vitest'
import { combine, type Turn, turnArea, turnOfOrientation, turnSize, undo } from './turn.ts'

const TURNS: Turn[] = [false, true].flatMap((mirror) =>
  ([0, 90, 180, 270] as const).map((degrees) => ({ mirror, degrees })),
)

const IMAGE = { width: 7, height: 4 }
const AREA = { left: 1, top: 2, width: 3, height: 1 }

describe('turns', () => {
  it.each([
    [
      { mirror: false, degrees: 90 },
      { left: 1, top: 1, width: 1, height: 3 },
    ],
    [
      { mirror: false, degrees: 180 },
      { left: 3, top: 1, width: 3, height: 1 },
    ],
    [
      { mirror: false, degrees: 270 },
      { left: 2, top: 3, width: 1, height: 3 },
    ],
    [
      { mirror: true, degrees: 0 },
      { left: 3, top: 2, width: 3, height: 1 },
    ],
    [
      { mirror: true, degrees: 90 },
      { left: 1, top: 3, width: 1, height: 3 },
    ],
  ] as const)('move an area with the image: %o', (turn, moved) => {
    expect(turnArea(AREA, IMAGE, turn)).toEqual(moved)
  })

  it('combine to one', () => {
    for (const first of TURNS) {
      for (const second of TURNS) {
        const once = turnArea(AREA, IMAGE, first)
        const twice = turnArea(once, turnSize(IMAGE, first), second)
        expect(turnArea(AREA, IMAGE, combine(first, second))).toEqual(twice)
      }
    }
  })

  it('are taken back', () => {
    for (const turn of TURNS) {
      const there = turnArea(AREA, IMAGE, turn)
      expect(turnArea(there, turnSize(IMAGE, turn), undo(turn))).toEqual(AREA)
    }
  })

  it('are all eight in EXIF, and nothing else means a turn', () => {
    const found = [1, 2, 3, 4, 5, 6, 7, 8].map(turnOfOrientation)
    expect(new Set(found.map((turn) => JSON.stringify(turn))).size).toBe(8)
    for (const value of [undefined, 0, 9]) expect(turnOfOrientation(value)).toEqual(TURNS[0])
  })
})
