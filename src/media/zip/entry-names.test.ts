import { describe, expect, it } from 'vitest'
import { createUniqueNames, entryName } from './entry-names.ts'

describe('the name of an entry', () => {
  it.each([
    [{ name: 'Tower', file_name: null }, 'jpg', false, 'Tower.jpg'],
    [{ name: 'Tower', file_name: 'IMG_1.JPEG' }, 'jpg', false, 'IMG_1.JPEG'],
    [{ name: 'Tower', file_name: 'IMG_1.png' }, 'jpg', false, 'IMG_1.png.jpg'],
    [{ name: 'Tower', file_name: 'IMG_1.jpeg' }, 'webp', true, 'IMG_1.webp'],
    [{ name: 'v1.5', file_name: null }, 'webp', true, 'v1.5.webp'],
    [{ name: '../../a\\b', file_name: null }, 'png', false, '_.._a_b.png'],
    [{ name: '東京', file_name: '...' }, 'png', false, 'image.png'],
  ])('of %j with %s is %4$s', (item, extension, isDerived, name) => {
    expect(entryName(item, extension, isDerived)).toBe(name)
  })

  it('is unique, whatever the case', () => {
    const once = createUniqueNames()
    const names = [
      'a.jpg',
      'A.JPG',
      'a (2).jpg',
      'a.png',
      'a.jpg',
      'a (2).jpg',
      'é.jpg',
      'e\u0301.jpg',
    ]
    expect(names.map(once)).toEqual([
      'a.jpg',
      'A (2).JPG',
      'a (2) (2).jpg',
      'a.png',
      'a (3).jpg',
      'a (2) (3).jpg',
      'é.jpg',
      'e\u0301 (2).jpg',
    ])
  })

  it('stays within the limit of file systems', () => {
    const once = createUniqueNames()
    const long = `${'é'.repeat(125)}x.jpg`
    const names = [once(long), once(long)]
    expect(names[0]).toBe(long)
    expect(names[1]).toBe(`${'é'.repeat(123)} (2).jpg`)
    expect(Buffer.byteLength(names[1] ?? '')).toBeLessThanOrEqual(255)
  })

  it('is found quickly for many of one name', () => {
    const once = createUniqueNames()
    const names = new Set(Array.from({ length: 50_000 }, () => once('a.jpg')))
    expect(names.size).toBe(50_000)
    expect(names).toContain('a (50000).jpg')
  })
})
