import { describe, expect, it } from 'vitest'
import { findMatches, findMatchingTag, splitTerms } from './find-matches.ts'

const marked = (text: string, search: string) =>
  findMatches(text, splitTerms(search)).map(({ start, end }) => text.slice(start, end))

describe('the marked part of a match', () => {
  it.each([
    ['Tower at night', 'night TOWER', ['Tower', 'night']],
    ['Banana', 'an', ['anan']],
    ['Banana', 'na ba', ['Banana']],
    ['Küche und Kuche', 'kuche', ['Küche', 'Kuche']],
    ['Straße', 'STRASSE', ['Straße']],
    ['Ｆｕｌｌ width', 'full', ['Ｆｕｌｌ']],
    ['東京の夜景', '夜景', ['夜景']],
    ['👍🏽 done', 'done', ['done']],
    ['Nothing', 'zebra', []],
    ['Sun\u00adset at sea', 'sunset', ['Sun\u00adset']],
    ['A ❤ for you', '❤\ufe0f', ['❤']],
    ['Nothing', '\u200b', []],
    ['Nothing', '  ', []],
  ])('is found in “%s” for “%s”', (text, search, parts) => {
    expect(marked(text, search)).toEqual(parts)
  })

  it('is in a tag if the name does not contain the term', () => {
    const find = (search: string) =>
      findMatchingTag('Harbour', ['dawn', 'sea town'], splitTerms(search))
    expect(find('harb')).toBeUndefined()
    expect(find('TOWN')).toBe('sea town')
    expect(find('harb da')).toBe('dawn')
  })
})
