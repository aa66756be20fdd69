import { expect, it } from 'vitest'
import { parseAddress } from './parse-address.ts'
import { parseOptions } from './parse-options.ts'
import { printOptions } from './print-address.ts'
import { withPreset } from './with-preset.ts'

const combine = (preset: string, text: string) => {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(`${text} has no extension`)
  return printOptions(withPreset(parseOptions(preset), address), address.extension)
}

it.each([
  ['w_1600,ar_21-9,q_85', 'hero.webp', 'w_1600,ar_21-9,q_85'],
  ['w_1600,ar_21-9,q_85', 'hero,w_800.webp', 'w_800,ar_21-9,q_85'],
  ['w_1600,ar_21-9,q_85', 'hero.png', 'w_1600,ar_21-9'],
  ['w_1600,ar_21-9,q_85', 'hero,q_80,s_a-b.webp', 'w_1600,ar_21-9'],
  ['w_1600,q_80', 'hero.avif', 'w_1600,q_80'],
  ['w_1600,q_73', 'hero.jpg', 'w_1600'],
  ['frame_5', 'hero,frame_0,s_a-b.jpg', ''],
  ['frame_5', 'hero,w_80.webp', 'w_80,frame_5'],
  ['w_400,h_300,fit_cover', 'hero,w_320.webp', 'w_320,h_240,fit_cover'],
  ['w_400,h_1', 'hero,w_80.webp', 'w_80,h_1'],
  ['w_400,h_300,fit_cover', 'hero,w_320,h_300,s_a-b.webp', 'w_320,h_300,fit_cover'],
  ['h_300', 'hero,w_320.webp', 'w_320,h_300'],
  ['w_400', 'hero,h_300,fit_contain,s_a-b.webp', 'w_400,h_300,fit_contain'],
])('a preset %s makes %s %s', (preset, text, combined) => {
  expect(combine(preset, text)).toBe(combined)
})

it.each([
  ['w_400,ar_1-1', 'hero,h_300,s_a-b.webp', 'ar is given with both w and h'],
  ['w_400', 'hero,fit_cover,s_a-b.webp', 'fit is cover; it needs both w and h'],
  ['w_100,h_8000', 'hero,w_3840.webp', 'w is 3840 and h is 307200'],
])('a preset %s makes %s a contradiction', (preset, text, detail) => {
  expect(() => combine(preset, text)).toThrow(
    expect.objectContaining({ status: 400, detail: expect.stringContaining(detail) }),
  )
})
