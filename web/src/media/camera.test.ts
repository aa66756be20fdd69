import { describe, expect, it } from 'vitest'
import { describeExposure, nameCamera } from './camera'

describe('a camera', () => {
  it.each([
    [{ make: 'Canon', model: 'Canon EOS R5' }, 'Canon EOS R5'],
    [{ make: 'NIKON CORPORATION', model: 'NIKON D850' }, 'NIKON D850'],
    [{ make: 'Apple', model: 'iPhone 15' }, 'Apple iPhone 15'],
    [{ make: 'Leica' }, 'Leica'],
    [{ model: 'X100' }, 'X100'],
    [{}, ''],
  ])('%j is named %s', (camera, name) => {
    expect(nameCamera(camera)).toBe(name)
  })

  it.each([
    [
      { exposureTime: 0.005, fNumber: 2.8, iso: 100, focalLength: 35, focalLength35: 53 },
      'en',
      '1/200 s · f/2.8 · ISO 100 · 35 mm (53 mm)',
    ],
    [{ exposureTime: 1 / 3, fNumber: 11 }, 'en', '0.3 s · f/11'],
    [{ exposureTime: 1 / 8000 }, 'en', '1/8000 s'],
    [{ exposureTime: 30 }, 'en', '30 s'],
    [{ fNumber: 1.8, focalLength: 4.25 }, 'de', 'f/1,8 · 4,3 mm'],
    [{ focalLength: 50, focalLength35: 50 }, 'en', '50 mm'],
    [{}, 'en', ''],
  ])('%j in %s is exposed %s', (camera, locale, text) => {
    expect(describeExposure(camera, locale)).toBe(text)
  })
})
