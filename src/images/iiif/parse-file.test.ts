import { describe, expect, it } from 'vitest'
import { parseFile } from './parse-file.ts'

const FORMATS = ['jpg', 'png', 'webp'] as const

describe('the quality and the format', () => {
  it.each([
    ['default.jpg', { gray: false, format: 'jpg' }],
    ['color.png', { gray: false, format: 'png' }],
    ['gray.webp', { gray: true, format: 'webp' }],
  ])('%s are read', (text, file) => {
    expect(parseFile(text, FORMATS)).toEqual(file)
  })

  it.each([
    ['', 'The last part is ""; it must be a quality and a format, as in default.jpg.'],
    [
      'default',
      'The last part is "default"; it must be a quality and a format, as in default.jpg.',
    ],
    ['bitonal.jpg', 'quality is "bitonal"; it must be default, color or gray.'],
    ['native.jpg', 'quality is "native"; it must be default, color or gray.'],
    ['grey.jpg', 'quality is "grey"; it must be default, color or gray.'],
    ['Default.jpg', 'quality is "Default"; it must be default, color or gray.'],
    ['default.', 'format is ""; it must be jpg, png or webp.'],
    ['default.tif', 'format is "tif"; it must be jpg, png or webp.'],
    ['default.jpeg', 'format is "jpeg"; it must be jpg, png or webp.'],
    // Sent only where it is on.
    ['default.avif', 'format is "avif"; it must be jpg, png or webp.'],
  ])('%j are refused', (text, detail) => {
    expect(() => parseFile(text, FORMATS)).toThrow(expect.objectContaining({ status: 400, detail }))
  })
})
