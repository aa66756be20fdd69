import { describe, expect, it } from 'vitest'
import { parseSize } from './parse-size.ts'

const REGION = { width: 300, height: 200 }
const sizeOf = (text: string, region = REGION) => {
  const { width, height } = parseSize(text)(region)
  return [width, height]
}
const refusalOf = (text: string, region = REGION) => {
  const parsed = parseSize(text)
  try {
    parsed(region)
  } catch (error) {
    return error
  }
  throw new Error('It was not refused.')
}

describe('a size', () => {
  it.each([
    ['max', [300, 200]],
    ['150,', [150, 100]],
    ['300,', [300, 200]],
    ['100,', [100, 67]],
    [',150', [225, 150]],
    [',200', [300, 200]],
    ['pct:50', [150, 100]],
    ['pct:33.3', [100, 67]],
    ['pct:100', [300, 200]],
    ['225,100', [225, 100]],
    ['300,1', [300, 1]],
    ['!225,100', [150, 100]],
    ['!150,199', [150, 100]],
    ['!100,100', [100, 67]],
    // As large as possible, but never larger than the region.
    ['!2000,3000', [300, 200]],
    ['!9007199254740991,150', [225, 150]],
    // What may be enlarged but need not be.
    ['^150,', [150, 100]],
    ['^,200', [300, 200]],
    ['^pct:100', [300, 200]],
    ['^225,100', [225, 100]],
    ['^!225,100', [150, 100]],
    ['^!300,3000', [300, 200]],
  ])('%s is in whole pixels', (text, size) => {
    expect(sizeOf(text)).toEqual(size)
  })

  it.each([
    ...['', 'full', 'Max', 'max ', '^', '^^max', 'max^', '!max', ',', '!,', '!10,', '!,10', '10'],
    ...['0,', ',0', '0,10', '10,0', '!0,10', '-1,', '+1,', '1.5,', '1e2,', ' 10,', '10,10,10'],
    ...['9007199254740992,', 'pct:', 'pct:0', 'pct:-1', 'pct:+5', 'pct:1e1', 'pct:5%', 'PCT:50'],
    ...['!pct:50', ',^150', '!^10,10', ':MV2`@'],
  ])('%j is refused', (text) => {
    expect(() => parseSize(text)).toThrow(
      expect.objectContaining({
        status: 400,
        message: 'Invalid parameters',
        detail: expect.stringMatching(/^size is ".*"; it must be max, pct:n, or one of w, and ,h /),
      }),
    )
  })

  it.each(['301,', ',201', '301,200', '300,201', '301,1', 'pct:100.5', 'pct:200'])(
    '%s is refused for a smaller region',
    (text) => {
      expect(refusalOf(text)).toMatchObject({
        status: 400,
        message: 'Invalid parameters',
        detail: expect.stringMatching(/ of a region of 300 x 200; images are not enlarged\.$/),
      })
    },
  )

  it.each(['^max', '^301,', '^,201', '^301,1', '^pct:200', '^!301,3000', '^9007199254740991,1'])(
    '%s would enlarge a smaller region, which is not implemented',
    (text) => {
      expect(refusalOf(text)).toMatchObject({
        code: 'not-implemented',
        status: 501,
        message: 'Not implemented',
        detail: expect.stringMatching(/ of a region of 300 x 200; images are not enlarged\.$/),
      })
    },
  )

  it.each(['1,', 'pct:0.001'])(
    '%s is refused where a side would have less than a pixel',
    (text) => {
      expect(refusalOf(text, { width: 3000, height: 2 })).toMatchObject({
        status: 400,
        detail: expect.stringMatching(/; each side must have at least 1 pixel\.$/),
      })
    },
  )

  it.each([
    ['max', { width: 12_000, height: 3000 }, [8192, 2048]],
    ['max', { width: 3000, height: 12_000 }, [2048, 8192]],
    ['max', { width: 8000, height: 8000 }, [6324, 6324]],
    ['^max', { width: 8000, height: 8000 }, [6324, 6324]],
    ['!9000,9000', { width: 12_000, height: 3000 }, [8192, 2048]],
    ['!7000,7000', { width: 8000, height: 8000 }, [6324, 6324]],
    ['!6000,7000', { width: 8000, height: 8000 }, [6000, 6000]],
    // A fit is never less than a pixel.
    ['max', { width: 20_000, height: 1 }, [8192, 1]],
    ['!100,100', { width: 20_000, height: 1 }, [100, 1]],
  ])('%s keeps the limits of results', (text, region, size) => {
    expect(sizeOf(text, region)).toEqual(size)
  })

  it.each([
    ['9000,', { width: 12_000, height: 30 }],
    [',9000', { width: 30, height: 12_000 }],
    ['7000,7000', { width: 8000, height: 8000 }],
    ['pct:90', { width: 8000, height: 8000 }],
    ['^pct:90', { width: 8000, height: 8000 }],
  ])('%s is refused beyond the limits of results', (text, region) => {
    expect(refusalOf(text, region)).toMatchObject({
      status: 400,
      detail: expect.stringMatching(
        /; at most 8192 pixels on a side and 40000000 in all are possible\.$/,
      ),
    })
  })
})
