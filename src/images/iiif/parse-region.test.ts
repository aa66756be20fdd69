import { describe, expect, it } from 'vitest'
import { parseRegion } from './parse-region.ts'

const IMAGE = { width: 300, height: 200 }
const regionOf = (text: string, image = IMAGE) => {
  const { left, top, width, height } = parseRegion(text)(image)
  return [left, top, width, height]
}

describe('a region', () => {
  it.each([
    ['full', [0, 0, 300, 200]],
    ['square', [50, 0, 200, 200]],
    ['125,15,120,140', [125, 15, 120, 140]],
    ['0,0,1,1', [0, 0, 1, 1]],
    ['007,0,01,1', [7, 0, 1, 1]],
    // Cropped at the edges of the image.
    ['125,15,200,200', [125, 15, 175, 185]],
    ['299,199,9007199254740991,9007199254740991', [299, 199, 1, 1]],
    ['pct:0,0,100,100', [0, 0, 300, 200]],
    ['pct:10,10,50,50', [30, 20, 150, 100]],
    ['pct:41.6,7.5,40,70', [125, 15, 120, 140]],
    ['pct:41.6,7.5,66.6,100', [125, 15, 175, 185]],
    ['pct:.5,0.5,33.333,33.333', [2, 1, 100, 67]],
    // At least a pixel, and within the image.
    ['pct:50,50,0.001,0.001', [150, 100, 1, 1]],
    ['pct:99.999,99.999,100,100', [299, 199, 1, 1]],
  ])('%s is in whole pixels within the image', (text, area) => {
    expect(regionOf(text)).toEqual(area)
  })

  it('that is square lies in the middle of the longer side', () => {
    expect(regionOf('square', { width: 7, height: 20 })).toEqual([0, 6, 7, 7])
    expect(regionOf('square', { width: 20, height: 7 })).toEqual([6, 0, 7, 7])
  })

  it.each([
    ...['', 'Full', 'full ', 'SQUARE', '1,2,3', '1,2,3,4,5', '1,2,3,', ',,,', '1.5,0,10,10'],
    ...['-1,0,10,10', '+1,0,10,10', '1e1,0,10,10', '0x1,0,10,10', ' 1,0,10,10', '1;2;3;4'],
    ...['0,0,0,10', '0,0,10,0', '0,0,10,9007199254740992'],
    ...['pct:', 'pct:1,2,3', 'pct:0,0,0,10', 'pct:0,0,10,0.0', 'pct:-1,0,10,10', 'pct:1.,0,9,9'],
    ...['PCT:0,0,9,9', 'pct:1e1,0,10,10', 'pct:1.2.3,0,10,10', 'pct:NaN,0,10,10', ':MV2`@'],
  ])('%j is refused', (text) => {
    expect(() => parseRegion(text)).toThrow(
      expect.objectContaining({
        status: 400,
        message: 'Invalid parameters',
        detail: expect.stringMatching(/^region is ".*"; it must be full, square, x,y,w,h /),
      }),
    )
  })

  it.each(['300,0,10,10', '0,200,10,10', 'pct:100,0,10,10', 'pct:0,100.5,10,10'])(
    '%s is refused for an image that it lies outside of',
    (text) => {
      const parsed = parseRegion(text)
      expect(() => parsed(IMAGE)).toThrow(
        expect.objectContaining({
          status: 400,
          detail: `region is "${text}"; it must begin within the image, which has 300 x 200 pixels.`,
        }),
      )
    },
  )
})
