import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BoundSettings, createBounds, snapWidth } from './bounds.ts'
import { parseAddress } from './parse-address.ts'
import { storedVariantOf } from './preset-name.ts'
import { printAddress } from './print-address.ts'

const WIDTHS = [80, 160, 320, 3840]
const SETTINGS: BoundSettings = {
  widths: WIDTHS,
  aspects: [
    [1, 1],
    [16, 9],
    [16, 10],
  ],
  avif: false,
  transforms: 'bounded',
}

const read = (text: string) => {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(`${text} has no extension`)
  return address
}

/** The canonical spelling of what anybody may have; undefined if it needs a signature. */
const settle = (text: string, settings: Partial<BoundSettings> = {}) => {
  const settled = createBounds({ ...SETTINGS, ...settings }).settle(read(text))
  if (!settled.needsSignature) return printAddress(settled.canonical)
  expect(settled.canonical).toStrictEqual(read(text))
  return undefined
}

describe('without a signature', () => {
  it.each([
    ['w_80.webp', 'w_80.webp'],
    ['w_81.webp', 'w_160.webp'],
    ['w_1.auto', 'w_80.auto'],
    ['w_3841.jpg', 'w_3840.jpg'],
    ['w_8192.png', 'w_3840.png'],
    ['w_320,ar_16-9.webp', 'w_320,ar_16-9.webp'],
    ['w_320,ar_9-16.webp', 'w_320,ar_9-16.webp'],
    ['w_320,ar_5-8.webp', 'w_320,ar_10-16.webp'],
    ['w_300,ar_32-18.webp', 'w_320,ar_16-9.webp'],
    ['w_80,q_80.webp', 'w_80.webp'],
    ['hero.webp', 'hero.webp'],
    ['hero,v_3,w_300.webp', 'hero,v_3,w_320.webp'],
    ['scaled.webp', 'scaled.webp'],
    ['high,w_9.jpg', 'high,w_80.jpg'],
  ])('%s is served as %s', (text, canonical) => {
    expect(settle(text)).toBe(canonical)
  })

  it.each([
    '.webp',
    'ar_16-9.webp',
    'h_80.webp',
    'w_80,h_80.webp',
    'w_80,ar_3-2.webp',
    'w_80,q_79.webp',
    'w_80,pos_top.webp',
    'w_80,rot_90.webp',
    'w_80,crop_0-0-50-50.webp',
    'w_80,gray_1.webp',
    'w_80,frame_0.webp',
    'w_80.avif',
    'hero.avif',
    'hero,q_50.webp',
    'hero,q_80.webp',
    'hero,ar_16-9.webp',
  ])('%s is not served', (text) => {
    expect(settle(text)).toBeUndefined()
  })

  it('AVIF is served where it is on', () => {
    expect(settle('w_81.avif', { avif: true })).toBe('w_160.avif')
    expect(settle('hero.avif', { avif: true })).toBe('hero.avif')
    expect(settle('w_81,q_50.avif', { avif: true })).toBeUndefined()
  })

  it('only presets are served where everything else must be signed', () => {
    expect(settle('w_80.webp', { transforms: 'signed' })).toBeUndefined()
    expect(settle('w_80,ar_1-1.webp', { transforms: 'signed' })).toBeUndefined()
    expect(settle('hero,w_81.webp', { transforms: 'signed' })).toBe('hero,w_160.webp')
    expect(settle('scaled.webp', { transforms: 'signed' })).toBe('scaled.webp')
  })
})

it.each(['w_81,s_a-b.webp', 'w_80,s_a-b.webp', 'hero,w_81,s_a-b.webp', 'w_9,q_5,s_a-b.avif'])(
  '%s has a signature, which must be right, and keeps its width',
  (text) => expect(settle(text)).toBeUndefined(),
)

it('knows the addresses of stored variants', () => {
  expect(storedVariantOf(read('scaled.webp'))).toBe('scaled')
  expect(storedVariantOf(read('high.webp'))).toBe('high')
  for (const text of [
    'scaled.jpg',
    'scaled,w_80.webp',
    'high,s_a-b.webp',
    'hero.webp',
    'w_400.webp',
  ]) {
    expect(storedVariantOf(read(text))).toBeUndefined()
  }
})

it('the next width of the ladder is the smallest that suffices, or the last', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8192 }), (width) => {
      const step = snapWidth(WIDTHS, width)
      expect(WIDTHS).toContain(step)
      expect(WIDTHS.filter((other) => other >= width && other < step)).toEqual([])
      expect(step >= width || step === 3840).toBe(true)
      expect(snapWidth(WIDTHS, step)).toBe(step)
    }),
  )
})
