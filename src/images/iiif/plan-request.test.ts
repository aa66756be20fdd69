import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planName } from '../plan/plan.ts'
import { countTiles, factorsOf, levelSize } from './grid.ts'
import { parseRequest } from './image-request.ts'
import { planRequest, planTile } from './plan-request.ts'

const IMAGE = { width: 4000, height: 3000 }
const plan = (path: string, image = IMAGE) => {
  const [region = '', size = '', rotation = '', file = ''] = path.split('/')
  return planRequest(parseRequest({ region, size, rotation, file }, ['jpg', 'png', 'webp']), image)
}

describe('an image request', () => {
  it.each([
    ['full/max/0/default.jpg', 'scale_4000-3000,bg_ffffff,q_80-0.jpg'],
    ['full/max/0/color.png', 'scale_4000-3000,q_100-0.png'],
    ['full/400,/0/gray.webp', 'scale_400-300,gray_1,q_80-2.webp'],
    ['full/400,400/0/default.png', 'scale_400-400,q_100-0.png'],
    ['1000,600,2000,1200/500,/0/default.png', 'scale_1000-750,cut_250-150-500-300,q_100-0.png'],
    ['square/pct:10/!90/default.png', 'scale_400-300,cut_50-0-300-300,turn_90-m,q_100-0.png'],
  ])('%s is planned in exact pixels', (path, name) => {
    expect(planName(plan(path).plan)).toBe(name)
  })

  it('has the size of the turned image', () => {
    expect(plan('full/400,/90/default.jpg').plan).toMatchObject({ width: 300, height: 400 })
    expect(plan('full/400,/180/default.jpg').plan).toMatchObject({ width: 400, height: 300 })
  })

  it.each([
    ['full/max/0/default.jpg', 'full/max/0/default.jpg'],
    ['0,0,4000,3000/!9000,9000/360/color.jpg', 'full/max/0/default.jpg'],
    ['pct:0,0,100,100/^pct:100/0.0/color.png', 'full/max/0/default.png'],
    ['full/400,/!90/gray.webp', 'full/400,300/!90/gray.webp'],
    ['square/,100/0/default.jpg', '500,0,3000,3000/100,100/0/default.jpg'],
    ['pct:25,20,99,20/max/0/default.jpg', '1000,600,3000,600/max/0/default.jpg'],
    ['010,020,5000,5000/100,100/0/default.jpg', '10,20,3990,2980/100,100/0/default.jpg'],
  ])('%s has a canonical spelling', (path, canonical) => {
    expect(plan(path).canonical).toBe(canonical)
    expect(plan(canonical).canonical).toBe(canonical)
    expect(plan(canonical).plan).toEqual(plan(path).plan)
  })

  it('has max as its canonical size where a limit makes that smaller', () => {
    const huge = { width: 12_000, height: 9000 }
    expect(plan('full/max/0/default.jpg', huge).plan).toMatchObject({ width: 7302, height: 5477 })
    expect(plan('full/7302,5477/0/default.jpg', huge).canonical).toBe('full/max/0/default.jpg')
  })
})

describe('a tile', () => {
  it.each([
    ['0,0,512,512/512,512/0/default.jpg', { factor: 1, column: 0, row: 0 }],
    ['3584,2560,416,440/416,440/0/default.jpg', { factor: 1, column: 7, row: 5 }],
    ['3584,2560,416,440/max/0/default.jpg', { factor: 1, column: 7, row: 5 }],
    ['2048,2048,2048,2048/512,/0/gray.png', undefined],
    ['2048,2048,1952,952/488,238/0/gray.png', { factor: 4, column: 1, row: 1 }],
    ['full/500,375/0/default.jpg', { factor: 8, column: 0, row: 0 }],
    ['full/250,188/0/default.jpg', undefined],
    ['0,0,512,512/511,512/0/default.jpg', undefined],
    ['1,0,512,512/512,512/0/default.jpg', undefined],
    ['0,0,512,512/512,512/90/default.jpg', undefined],
  ])('is found in %s if it is one', (path, tile) => {
    expect(plan(path).tile).toEqual(tile)
  })

  it('is cut from the same scaled image as all others of its level, and they cover it', () => {
    const side = fc.integer({ min: 1, max: 20_000 })
    fc.assert(
      fc.property(fc.record({ width: side, height: side }), fc.nat(20), (image, any) => {
        const factors = factorsOf(image)
        const factor = factors[any % factors.length] ?? 1
        const level = levelSize(image, factor)
        const { columns, rows } = countTiles(image, factor)
        let [right, bottom] = [0, 0]
        for (let column = 0; column < columns; column++) {
          const tile = { factor, column, row: rows - 1 }
          const { scale, cut } = planTile({ format: 'jpg', gray: false }, image, tile)
          expect(scale).toEqual(level)
          expect(cut?.left ?? 0).toBe(right)
          right += cut?.width ?? level.width
          bottom = (cut?.top ?? 0) + (cut?.height ?? level.height)
        }
        expect([right, bottom]).toEqual([level.width, level.height])
      }),
    )
  })

  it('fits the last level whole', () => {
    const side = fc.integer({ min: 1, max: 65_535 })
    fc.assert(
      fc.property(fc.record({ width: side, height: side }), (image) => {
        const counts = factorsOf(image).map((factor) => countTiles(image, factor))
        expect(counts.at(-1)).toEqual({ columns: 1, rows: 1 })
        for (const { columns, rows } of counts.slice(0, -1))
          expect(columns * rows).toBeGreaterThan(1)
      }),
    )
  })
})
