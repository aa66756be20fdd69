import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { infoOf } from './info.ts'
import { parseSize } from './parse-size.ts'

const ID = 'https://media.example/iiif/key'

describe("an image's information", () => {
  it('says what is offered of it', () => {
    const info = infoOf(ID, { width: 4000, height: 3000 }, ['jpg', 'png', 'webp'])
    expect(info).toEqual({
      '@context': 'http://iiif.io/api/image/3/context.json',
      id: ID,
      type: 'ImageService3',
      protocol: 'http://iiif.io/api/image',
      profile: 'level2',
      width: 4000,
      height: 3000,
      maxWidth: 8192,
      maxHeight: 8192,
      maxArea: 40_000_000,
      sizes: [
        { width: 250, height: 188 },
        { width: 500, height: 375 },
        { width: 1000, height: 750 },
        { width: 2000, height: 1500 },
        { width: 4000, height: 3000 },
      ],
      tiles: [{ width: 512, height: 512, scaleFactors: [1, 2, 4, 8] }],
      extraFormats: ['webp'],
      extraQualities: ['color', 'gray'],
      extraFeatures: ['canonicalLinkHeader', 'mirroring', 'profileLinkHeader'],
    })
    expect(Object.keys(info)[0]).toBe('@context')
  })

  it('lists the sizes of a small image, and of a large one within the limits', () => {
    const sizesOf = (width: number, height: number) => infoOf(ID, { width, height }, ['jpg']).sizes
    expect(sizesOf(1, 1)).toEqual([{ width: 1, height: 1 }])
    expect(sizesOf(300, 2)).toEqual([
      { width: 150, height: 1 },
      { width: 300, height: 2 },
    ])
    expect(sizesOf(12_000, 9000).at(-1)).toEqual({ width: 6000, height: 4500 })
  })

  it('lists sizes that can be asked for', () => {
    const side = fc.integer({ min: 1, max: 65_535 })
    fc.assert(
      fc.property(fc.record({ width: side, height: side }), (image) => {
        for (const size of infoOf(ID, image, ['jpg']).sizes) {
          expect(parseSize(`${size.width},${size.height}`)(image)).toEqual(size)
        }
      }),
    )
  })
})
