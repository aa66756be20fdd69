import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planName } from '../plan/plan.ts'
import { countTiles, factorsOf, levelSize, tileArea } from './grid.ts'
import { parseRequest } from './image-request.ts'
import { planRequest, planTile } from './plan-request.ts'

const IMAGE = { width: 4000, height: 3000 }
const plan = (path: string, image = IMAGE) => {
  const [region = '', size = '', rotation = '', file = ''] = path.split('/')
  return planRequest(parseRequest({ region, size, rotation, file }, ['jpg', 'png', 'webp']), image)
}

describe('an image request', () => {
  it.each([
    ['full/max/0/default.jpg', 'scale_4000-3000,bg_ffffff,q_73-0.jpg'],
    ['full/max/0/color.png', 'scale_4000-3000,q_100-6.png'],
    ['full/400,/0/gray.webp', 'scale_400-300,gray_1,q_80-2.webp'],
    ['full/400,400/0/default.png', 'scale_400-400,q_100-6.png'],
    ['1000,600,2000,1200/500,/0/default.png', 'scale_1000-750,cut_250-150-500-300,q_100-6.png'],
    ['square/pct:10/!90/default.png', 'scale_400-300,cut_50-0-300-300,turn_90-m,q_100-6.png'],
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
  const blockNames = (path: string, image = IMAGE) => plan(path, image).block?.map(planName)

  it.each([
    ['0,0,512,512/512,512/0/default.jpg', 32],
    ['3584,2560,416,440/416,440/0/default.jpg', 16],
    ['3584,2560,416,440/max/0/default.jpg', 16],
    ['2048,2048,1952,952/488,238/0/gray.png', 4],
    ['full/500,375/0/default.jpg', 1],
    ['full/250,188/0/default.jpg', undefined],
    ['2048,2048,2048,2048/512,/0/gray.png', undefined],
    ['0,0,512,512/511,512/0/default.jpg', undefined],
    ['1,0,512,512/512,512/0/default.jpg', undefined],
    ['0,0,512,512/512,512/90/default.jpg', undefined],
    ['0,0,512,512/512,512/!0/default.jpg', undefined],
  ])('in %s is found if it is one, and made together with those around it', (path, count) => {
    expect(blockNames(path)?.length).toBe(count)
    if (count !== undefined) expect(blockNames(path)).toContain(planName(plan(path).plan))
  })

  it('is in one block alone', () => {
    const huge = { width: 12_000, height: 9000 }
    const blocks = new Map<string, string>()
    const { columns, rows } = countTiles(huge, 2)
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++) {
        const { left, top, width, height } = tileArea(huge, { factor: 2, column, row })
        const region = [
          left * 2,
          top * 2,
          Math.min(1024, huge.width - left * 2),
          Math.min(1024, huge.height - top * 2),
        ]
        const names = blockNames(`${region}/${width},${height}/0/default.webp`, huge) ?? []
        expect(names.length).toBeLessThanOrEqual(32)
        for (const name of names) {
          expect(blocks.get(name) ?? names.join()).toBe(names.join())
          blocks.set(name, names.join())
        }
      }
    }
    expect(blocks.size).toBe(columns * rows)
  })

  it('as AVIF is made alone', () => {
    const { regionOf, sizeOf, turn } = parseRequest(
      { region: '0,0,512,512', size: 'max', rotation: '0', file: 'default.jpg' },
      ['jpg'],
    )
    const { block, plan } = planRequest(
      { regionOf, sizeOf, turn, gray: false, format: 'avif' },
      IMAGE,
    )
    expect(block).toEqual([plan])
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
