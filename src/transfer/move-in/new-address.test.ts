import { expect, it } from 'vitest'
import { type AddressSettings, newAddress } from './new-address.ts'

const SETTINGS: AddressSettings = {
  publicUrl: undefined,
  basePath: '',
  transforms: 'bounded',
  widths: [160, 320, 640],
  aspects: [
    [1, 1],
    [16, 9],
  ],
}

it.each<[string, Partial<AddressSettings>, { width?: number; height?: number }, string]>([
  ['an original', {}, {}, '/media/image/7/high.auto'],
  ['the next width up', {}, { width: 161 }, '/media/image/7/w_320.auto'],
  ['the same width', {}, { width: 320 }, '/media/image/7/w_320.auto'],
  ['the largest width', {}, { width: 2048 }, '/media/image/7/w_640.auto'],
  ['a square', {}, { width: 150, height: 150 }, '/media/image/7/w_160,ar_1-1.auto'],
  ['rounded pixels', {}, { width: 300, height: 169 }, '/media/image/7/w_320,ar_16-9.auto'],
  ['another ratio', {}, { width: 300, height: 200 }, '/media/image/7/w_320.auto'],
  ['below a path', { basePath: '/app' }, {}, '/app/media/image/7/high.auto'],
  [
    'under a public URL',
    { basePath: '/app', publicUrl: 'https://m.example/app' },
    {},
    'https://m.example/app/media/image/7/high.auto',
  ],
  ['no widths', { widths: [] }, { width: 300 }, '/media/image/7/high.auto'],
  ['signed alone', { transforms: 'signed' }, { width: 300 }, '/media/image/7/high.auto'],
  ['no sizes', { transforms: 'off' }, { width: 300 }, '/media/image/7/high.webp'],
])('gives the address of %s', (_, settings, old, address) => {
  expect(newAddress({ ...SETTINGS, ...settings }, 7, old)).toBe(address)
})
