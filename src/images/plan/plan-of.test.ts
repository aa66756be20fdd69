import { describe, expect, it } from 'vitest'
import type { Options, OutputFormat, Position } from '../address/options.ts'
import { type Plan, planName } from './plan.ts'
import { planOf, type Source } from './plan-of.ts'
import { turnSize, UPRIGHT } from './turn.ts'

const SOURCE: Source = { width: 4000, height: 3000, frames: 1, focus: null }
const ANIMATION: Source = { ...SOURCE, frames: 5 }

const plan = (options: Options, source: Partial<Source> = {}, format: OutputFormat = 'webp') =>
  planOf(options, format, { ...SOURCE, ...source })

const sizeOf = ({ width, height }: Plan) => [width, height]

describe('the size of the result', () => {
  it.each<[string, Options, [number, number]]>([
    ['of nothing', {}, [4000, 3000]],
    ['of a width', { width: 640 }, [640, 480]],
    ['of a height', { height: 480 }, [640, 480]],
    ['of a width over the original', { width: 5000 }, [4000, 3000]],
    ['of a ratio', { ratio: [16, 9] }, [4000, 2250]],
    ['of a width and a ratio', { width: 640, ratio: [16, 9] }, [640, 360]],
    ['of a height and a ratio', { height: 360, ratio: [16, 9] }, [640, 360]],
    ['of an upright ratio', { width: 90, ratio: [9, 16] }, [90, 160]],
    ['of a width over the largest cut', { width: 3840, ratio: [9, 21] }, [1285, 3000]],
    ['inside a box', { width: 1000, height: 300 }, [400, 300]],
    ['inside a box over the original', { width: 5000, height: 9000 }, [4000, 3000]],
    ['that covers a box', { width: 1000, height: 300, fit: 'cover' }, [1000, 300]],
    [
      'that covers a box over the original',
      { width: 6000, height: 6000, fit: 'cover' },
      [3000, 3000],
    ],
    ['that is contained', { width: 1000, height: 300, fit: 'contain' }, [1000, 300]],
    [
      'that is contained over the original',
      { width: 5000, height: 5000, fit: 'contain' },
      [5000, 5000],
    ],
    ['of a turned width', { width: 300, rotate: 90 }, [300, 400]],
    ['of a turned width and ratio', { width: 640, ratio: [16, 9], rotate: 270 }, [640, 360]],
    ['of a crop', { crop: { x: 10, y: 20, width: 50, height: 25 } }, [2000, 750]],
    ['of a cropped width', { crop: { x: 0, y: 0, width: 50, height: 50 }, width: 500 }, [500, 375]],
    ['of a box and a ratio', { width: 1000, height: 300, ratio: [1, 1] }, [300, 300]],
    [
      'that covers a box beside a ratio',
      { width: 100, height: 30, ratio: [1, 1], fit: 'cover' },
      [100, 30],
    ],
  ])('%s', (_, options, size) => {
    expect(sizeOf(plan(options))).toEqual(size)
  })

  it.each<[string, Options, Partial<Source>, [number, number]]>([
    ['is at least one pixel', { width: 10 }, { width: 5000, height: 3 }, [10, 1]],
    ['is at least one pixel of a ratio', { ratio: [9, 21] }, { width: 300, height: 1 }, [1, 1]],
    ['has at most 8192 on a side', {}, { width: 20_000, height: 100 }, [8192, 40]],
    ['has at most 40 megapixels', {}, { width: 10_000, height: 8000 }, [7071, 5656]],
    [
      'has at most 40 megapixels with its background',
      { width: 8192, height: 8192, fit: 'contain' },
      {},
      [6324, 6324],
    ],
  ])('%s', (_, options, source, size) => {
    expect(sizeOf(plan(options, source))).toEqual(size)
  })

  it('is one name for every width over the original, and for every spelling of a size', () => {
    const names = [{ width: 4000 }, { width: 5000 }, { height: 3000 }, { quality: 80 }, {}].map(
      (options) => planName(plan(options)),
    )
    expect(new Set(names).size).toBe(1)
    expect(planName(plan({ width: 640 }))).toBe(planName(plan({ height: 480 })))
    const cut: Options[] = [
      { width: 3840, ratio: [1, 1] },
      { ratio: [1, 1] },
      { width: 4000, height: 4000, fit: 'cover' },
    ]
    expect(new Set(cut.map((options) => planName(plan(options)))).size).toBe(1)
  })
})

describe('what is kept', () => {
  const cutOf = (options: Options, source: Partial<Source> = {}) => {
    const { cut } = plan({ width: 300, ratio: [1, 1], ...options }, source)
    return cut && [cut.left, cut.top]
  }

  it.each<[Position, [number, number]]>([
    ['center', [50, 0]],
    ['top', [50, 0]],
    ['left', [0, 0]],
    ['right', [100, 0]],
    ['bottom-right', [100, 0]],
    ['top-left', [0, 0]],
    [{ x: 50, y: 0 }, [50, 0]],
    [{ x: 40, y: 0 }, [10, 0]],
    [{ x: 10, y: 0 }, [0, 0]],
    [{ x: 100, y: 0 }, [100, 0]],
  ])('is at %o', (position, place) => {
    expect(cutOf({ position })).toEqual(place)
  })

  it('is at the focus, unless a position is said', () => {
    const focus = { x: 0.4, y: 0.9 }
    expect(cutOf({}, { focus })).toEqual([10, 0])
    expect(cutOf({ position: 'right' }, { focus })).toEqual([100, 0])
    expect(cutOf({}, { focus, width: 3000, height: 4000 })).toEqual([0, 100])
  })

  it('is at the focus of what a crop, a turn and a flip leave', () => {
    const focus = { x: 0.4, y: 0.5 }
    const crop = { x: 20, y: 0, width: 80, height: 60 }
    // The crop is 3200 x 1800; the focus is 800 pixels from its left.
    expect(plan({ crop, width: 180, ratio: [1, 1] }, { focus }).cut).toMatchObject({ left: 80 })
    expect(plan({ crop, width: 180, ratio: [1, 1], flip: 'h' }, { focus }).cut).toMatchObject({
      left: 80,
    })
    expect(plan({ crop, width: 180, ratio: [1, 1], rotate: 90 }, { focus }).cut).toMatchObject({
      left: 80,
      width: 180,
      height: 180,
    })
    // Outside of the crop: as near as it can be.
    const away = {
      crop: { x: 50, y: 0, width: 50, height: 50 },
      width: 150,
      ratio: [1, 1],
    } as const
    expect(plan(away, { focus: { x: 0, y: 0 } }).cut).toMatchObject({ left: 200, top: 0 })
  })

  it('is at a point of the turned image', () => {
    const options = { width: 300, ratio: [1, 1], position: { x: 0, y: 0 } } as const
    expect(plan(options).cut).toMatchObject({ left: 0 })
    expect(plan({ ...options, flip: 'h' }).cut).toMatchObject({ left: 100 })
    expect(plan({ ...options, rotate: 180 }).cut).toMatchObject({ left: 100 })
    expect(plan({ ...options, rotate: 90 }).cut).toMatchObject({ left: 0 })
    expect(plan({ ...options, rotate: 270 }).cut).toMatchObject({ left: 100 })
  })

  it('draws the eye where nothing else is said, except in animations', () => {
    const square: Options = { width: 300, ratio: [1, 1] }
    expect(plan(square)).toMatchObject({
      scale: { width: 400, height: 300 },
      attention: { width: 300, height: 300 },
    })
    expect(plan(square).cut).toBeUndefined()
    const crop = { x: 50, y: 0, width: 50, height: 100 }
    expect(plan({ ...square, width: 200, crop })).toMatchObject({
      scale: { width: 400, height: 300 },
      cut: { left: 200, top: 0, width: 200, height: 300 },
      attention: { width: 200, height: 200 },
    })
    expect(plan({ ...square, rotate: 90 })).toMatchObject({
      scale: { width: 400, height: 300 },
      attention: { width: 300, height: 300 },
    })
    expect(plan(square, ANIMATION)).toMatchObject({ cut: { left: 50 }, animated: true })
    expect(plan({ ...square, position: 'attention' }, ANIMATION)).toMatchObject({
      cut: { left: 50 },
    })
    expect(plan({ ...square, frame: 1 }, ANIMATION)).toHaveProperty('attention')
    expect(plan({ ...square, position: 'attention' }, { focus: { x: 0, y: 0 } })).toHaveProperty(
      'attention',
    )
  })

  it('does not matter where nothing is cut', () => {
    const names = [{}, { position: 'left' }, { position: { x: 1, y: 2 } }, { fit: 'cover' }].map(
      (options) => planName(plan({ width: 400, ...options } as Options)),
    )
    expect(new Set(names).size).toBe(1)
  })
})

it('is turned and flipped as one', () => {
  expect(plan({ rotate: 90 }).turn).toEqual({ mirror: false, degrees: 90 })
  expect(plan({ flip: 'v' }).turn).toEqual({ mirror: true, degrees: 180 })
  expect(plan({ rotate: 90, flip: 'h' }).turn).toEqual({ mirror: true, degrees: 270 })
  const names = [plan({ rotate: 180, flip: 'h' }), plan({ flip: 'v' })].map(planName)
  expect(names[0]).toBe(names[1])
})

it('is laid on the middle of a background if contained', () => {
  expect(plan({ width: 400, height: 400, fit: 'contain', background: '102030' })).toMatchObject({
    scale: { width: 400, height: 300 },
    inset: { left: 0, top: 50 },
    background: '102030',
  })
  expect(plan({ width: 400, height: 300, fit: 'contain' }).inset).toBeUndefined()
})

it('keeps animations in WebP, unless a frame is said', () => {
  const frames = (options: Options, format: OutputFormat) => {
    const { animated, frame } = plan(options, ANIMATION, format)
    return [animated, frame]
  }
  expect(frames({}, 'webp')).toEqual([true, 0])
  expect(frames({ frame: 0 }, 'webp')).toEqual([false, 0])
  expect(frames({ frame: 3 }, 'webp')).toEqual([false, 3])
  expect(frames({ frame: 9 }, 'webp')).toEqual([false, 4])
  for (const format of ['jpg', 'png', 'avif'] as const) {
    expect(frames({}, format)).toEqual([false, 0])
    expect(frames({ frame: 9 }, format)).toEqual([false, 4])
  }
  expect(plan({ frame: 3 })).toMatchObject({ animated: false, frame: 0 })
})

it('has a white background in JPEG unless another is said, and no quality in PNG', () => {
  expect(plan({}, {}, 'jpg').background).toBe('ffffff')
  expect(plan({ background: '000000' }, {}, 'jpg').background).toBe('000000')
  expect(plan({}, {}, 'png').background).toBeUndefined()
  expect(planName(plan({ quality: 5 }, {}, 'png'))).toBe(planName(plan({}, {}, 'png')))
})

/** A linear congruential generator: the same numbers in every run. */
function randomOf(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const FORMATS: OutputFormat[] = ['webp', 'avif', 'jpg', 'png']

function drawOptions(random: (below: number) => number): Options {
  const maybe = <T>(make: () => T) => (random(2) ? [make()] : [])
  const pick = <T>(values: readonly T[]) => values.slice(random(values.length)).slice(0, 1)
  const object = <T>(name: string, [value]: T[]) => (value === undefined ? {} : { [name]: value })
  const x = random(100)
  const y = random(100)
  return {
    ...object(
      'width',
      maybe(() => 1 + random(6000)),
    ),
    ...object(
      'height',
      maybe(() => 1 + random(6000)),
    ),
    ...object(
      'ratio',
      maybe(() => [1 + random(21), 1 + random(21)]),
    ),
    ...object(
      'fit',
      maybe(() => pick(['cover', 'contain'])[0]),
    ),
    ...object(
      'position',
      maybe(() => pick(['top-left', 'bottom', 'attention', { x, y }])[0]),
    ),
    ...object(
      'crop',
      maybe(() => ({ x, y, width: 1 + random(100 - x), height: 1 + random(100 - y) })),
    ),
    ...object(
      'rotate',
      maybe(() => pick([90, 180, 270])[0]),
    ),
    ...object(
      'flip',
      maybe(() => pick(['h', 'v'])[0]),
    ),
    ...object(
      'background',
      maybe(() => pick(['000000', 'a0b1c2'])[0]),
    ),
    ...object(
      'blur',
      maybe(() => 1 + random(100)),
    ),
    ...object(
      'gray',
      maybe(() => true),
    ),
    ...object(
      'frame',
      maybe(() => random(7)),
    ),
    ...object(
      'quality',
      maybe(() => 1 + random(100)),
    ),
  }
}

it('holds its promises for whatever is asked', () => {
  const random = randomOf(1)
  const plans = new Map<string, string>()
  for (let round = 0; round < 3000; round++) {
    const source: Source = {
      width: 1 + random(random(2) ? 20 : 9000),
      height: 1 + random(random(2) ? 20 : 9000),
      frames: random(3) ? 1 : 5,
      focus: random(2) ? { x: random(101) / 100, y: random(101) / 100 } : null,
    }
    const options = drawOptions(random)
    const found = planOf(options, FORMATS[random(4)] ?? 'webp', source)
    const { scale, cut, turn, attention, inset, width, height } = found
    const numbers = [scale, cut, attention, inset, { width, height }].flatMap((size) =>
      Object.values(size ?? {}),
    )
    expect(numbers.every((value) => Number.isSafeInteger(value) && value >= 0)).toBe(true)
    expect(scale.width <= source.width && scale.height <= source.height).toBe(true)
    if (cut) {
      expect(cut.left + cut.width).toBeLessThanOrEqual(scale.width)
      expect(cut.top + cut.height).toBeLessThanOrEqual(scale.height)
    }
    const turned = turnSize(cut ?? scale, turn ?? UPRIGHT)
    const content = attention ?? turned
    expect([turned.width - content.width, turned.height - content.height].sort()[0]).toBe(0)
    const [left, top] = [inset?.left ?? 0, inset?.top ?? 0]
    if (!inset) expect({ width, height }).toEqual({ width: content.width, height: content.height })
    expect(left + content.width <= width && top + content.height <= height).toBe(true)
    expect(Math.min(width, height, content.width, content.height)).toBeGreaterThan(0)
    expect(Math.max(width, height) <= 8192 && width * height <= 40_000_000).toBe(true)
    if (options.width !== undefined) expect(width).toBeLessThanOrEqual(options.width)
    if (options.height !== undefined) expect(height).toBeLessThanOrEqual(options.height)

    const name = planName(found)
    expect(name).toMatch(/^[A-Za-z0-9._,-]{1,200}$/)
    const known = plans.get(name)
    const described = JSON.stringify(
      found,
      Object.keys({ ...found, left, top, mirror: 1, degrees: 1 }).sort(),
    )
    if (known !== undefined) expect(described).toBe(known)
    plans.set(name, described)
  }
  // Names differ wherever plans do.
  expect(new Set(plans.values()).size).toBe(plans.size)
})
