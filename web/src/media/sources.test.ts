import { expect, it } from 'vitest'
import { smallSourcesOf, sourcesOf } from './sources'

const urls = { scaled: '/s', high: '/h', template: '/w_{width}' }
const picture = { width: 600, height: 300, frames: 1, urls }

it('offers each width up to the first that has all pixels, with its true width', () => {
  expect(sourcesOf({ ...picture, width: 200 })).toBe('/w_80 80w, /w_160 160w, /w_240 200w')
  expect(sourcesOf({ ...picture, width: 240 })).toMatch(/\/w_240 240w$/)
  expect(sourcesOf({ ...picture, width: 9000 })).toMatch(/\/w_3840 3840w$/)
})

it('offers small pictures the stored image, and widths above its own', () => {
  expect(smallSourcesOf(picture)).toBe('/s 400w, /w_480 480w, /w_640 600w')
  expect(smallSourcesOf({ ...picture, height: 1200 })).toBe(
    '/s 200w, /w_240 240w, /w_320 320w, /w_400 400w, /w_480 480w, /w_640 600w',
  )
})

it('offers small pictures nothing else where the stored image has all pixels, or would begin to move', () => {
  expect(smallSourcesOf({ ...picture, width: 400 })).toBeUndefined()
  expect(smallSourcesOf({ ...picture, frames: 2 })).toBeUndefined()
})
