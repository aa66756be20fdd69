import { describe, expect, it } from 'vitest'
import { parseRotation } from './parse-rotation.ts'

describe('a rotation', () => {
  it.each([
    ['0', { mirror: false, degrees: 0 }],
    ['90', { mirror: false, degrees: 90 }],
    ['180', { mirror: false, degrees: 180 }],
    ['270', { mirror: false, degrees: 270 }],
    ['90.0', { mirror: false, degrees: 90 }],
    ['360', { mirror: false, degrees: 0 }],
    ['!0', { mirror: true, degrees: 0 }],
    ['!270', { mirror: true, degrees: 270 }],
  ])('%s is a turn by right angles', (text, turn) => {
    expect(parseRotation(text)).toEqual(turn)
  })

  it.each(['', '!', '22.5', '45', '361', '450', '-90', '+90', '90!', '!!90', '9e1', ' 0', 'x'])(
    '%j is refused',
    (text) => {
      expect(() => parseRotation(text)).toThrow(
        expect.objectContaining({
          status: 400,
          detail: `rotation is "${text}"; it must be 0, 90, 180 or 270, with ! before it for a mirrored image.`,
        }),
      )
    },
  )
})
