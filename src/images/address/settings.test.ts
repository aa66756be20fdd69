import { describe, expect, it } from 'vitest'
import { toCanonicalRatio } from './ratio.ts'
import { addressSettings } from './settings.ts'

const { widths, aspects, signingKeys } = addressSettings

describe('widths', () => {
  it('are a ladder', () => {
    expect(widths.parse('800, 80,0400,80')).toEqual([80, 400, 800])
    expect(widths.parse(widths.fallback.join(','))).toEqual(widths.fallback)
  })

  it.each([
    ',',
    '0',
    '8193',
    '80;160',
    '80px',
    Array.from({ length: 65 }, (_, at) => at + 1).join(),
  ])('are not %j', (text) =>
    expect(() => widths.parse(text)).toThrow(
      'up to 64 whole numbers from 1 to 8192, comma-separated',
    ),
  )
})

describe('ratios', () => {
  it('are in canonical form, each once', () => {
    expect(aspects.parse('8-5,32-18, 16-9,9-16')).toEqual([
      [16, 10],
      [16, 9],
      [9, 16],
    ])
    const all = aspects.fallback.map((ratio) => ratio.join('-')).join(',')
    expect(aspects.parse(all)).toEqual(aspects.fallback)
  })

  it('of the default are canonical as they are written, and so are their uprights', () => {
    for (const [width = 0, height = 0] of aspects.fallback) {
      expect(toCanonicalRatio([width, height])).toEqual([width, height])
      expect(toCanonicalRatio([height, width])).toEqual([height, width])
    }
  })

  it.each([',', '16:9', '16-0', '101-1', '16'])('are not %j', (text) =>
    expect(() => aspects.parse(text)).toThrow(
      'up to 64 ratios like 16-9, of numbers from 1 to 100, comma-separated',
    ),
  )
})

describe('signing keys', () => {
  it('are ids and secrets', () => {
    expect(signingKeys.parse('web:the-harbour:of+1907, a1:harbour-master-~/=')).toEqual([
      { id: 'web', secret: 'the-harbour:of+1907' },
      { id: 'a1', secret: 'harbour-master-~/=' },
    ])
  })

  const FORM =
    /^keys like id:secret, comma-separated; an id has 1 to 16 lower-case letters or digits/
  it.each<[string, RegExp]>([
    [',', FORM],
    ['the-harbour-of-1907', FORM],
    ['Web:the-harbour-of-1907', FORM],
    [`${'a'.repeat(17)}:the-harbour-of-1907`, FORM],
    [':the-harbour-of-1907', FORM],
    ['web:the-harbour-190', FORM],
    ['web:the harbour of 1907', FORM],
    ['web:the-harbour-of-1907,and-more', FORM],
    [
      'web:the-harbour-of-1907,web:another-harbour-1907',
      /^keys of which each has an id of its own/,
    ],
    ['0:the-harbour-of-1907', /^keys with other ids than 0/],
    ['web:secret-secret-secret', /^a value of your own/],
  ])('are not %j', (text, message) => {
    expect(() => signingKeys.parse(text)).toThrow(message)
    expect(() => signingKeys.parse(text)).not.toThrow('harbour')
  })
})
