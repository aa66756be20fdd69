import { describe, expect, it } from 'vitest'
import { itemName, itemTags } from './import-names.ts'

describe('the name of an imported file', () => {
  it.each([
    ['Tower at night.jpg', 'Tower at night'],
    ['IMG_0001.JPEG', 'IMG_0001'],
    ['no extension', 'no extension'],
    ['1.2.2024', '1.2.2024'],
    ['Dr. Smith', 'Dr. Smith'],
    ['archive.tar.png', 'archive.tar'],
    ['  spaces  .png', 'spaces'],
    ['a\u0000b\u001b[31m\nc.png', 'a b [31m c'],
    ['Cre\u0300me.png', 'Crème'],
    ['half \ud800.png', 'half \ufffd'],
    [`${'夜'.repeat(300)}.png`, '夜'.repeat(255)],
    [`${'👩‍👩‍👧'.repeat(60)}.png`, [...'👩‍👩‍👧'.repeat(60)].slice(0, 255).join('')],
    [`${'x'.repeat(254)} y.png`, 'x'.repeat(254)],
    [' .png', 'Untitled'],
    ['\u0007.png', 'Untitled'],
    ['\u200b\ufe0f.png', 'Untitled'],
  ])('of %j is %j', (file, name) => {
    expect(itemName(file)).toBe(name)
  })
})

describe('the tags of an imported file', () => {
  it.each([
    [[], []],
    [
      ['holiday', 'Tokyo'],
      ['holiday', 'Tokyo'],
    ],
    [
      ['Paris, France', 'France'],
      ['Paris', 'France'],
    ],
    [[' ', '\u0007', ',,', '\u00ad'], []],
    [['a\tb'], ['a b']],
    [['x'.repeat(200)], ['x'.repeat(64)]],
    [
      Array.from({ length: 70 }, (_, index) => `t${index}`),
      Array.from({ length: 64 }, (_, index) => `t${index + 6}`),
    ],
  ])('in %j are %j', (folders, tags) => {
    expect(itemTags(folders)).toEqual(tags)
  })
})
