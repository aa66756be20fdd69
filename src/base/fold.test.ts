import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold, foldTagCase } from './fold.ts'

describe('fold', () => {
  it.each([
    ['case', 'Garden', 'gARDEN'],
    ['accents', 'Crème Brûlée', 'creme brulee'],
    ['accents, however written', 'e\u0301', 'é'],
    ['full case folding', 'Straße STRASSE', 'strasse strasse'],
    ['capital sharp s', 'ẞ', 'ss'],
    ['final sigma', 'ΟΔΥΣΣΕΥΣ', 'οδυσσευς'],
    ['Greek accents', 'Αθήνα', 'αθηνα'],
    ['Turkish capital dotted i', 'İstanbul', 'istanbul'],
    ['Cyrillic', 'МОСКВА', 'москва'],
    ['й, an accented letter by the rule', 'Й', 'и'],
    ['width', 'ＡＢＣ１２３', 'abc123'],
    ['half-width kana', 'ｶﾞｰﾃﾞﾝ', 'ガーデン'],
    ['ligatures', 'ﬁne', 'fine'],
    ['Roman numerals', 'Ⅳ', 'iv'],
    ['Cherokee', 'ꭰ', 'Ꭰ'],
    ['words with zero-width characters', 'sun\u200bset\ufeff\u2060', 'sunset'],
    ['words with soft hyphens', 'Donau\u00addampf\u034f', 'donaudampf'],
    ['emoji with variation selectors', '❤\ufe0f\ufe0e', '❤'],
    ['joined emoji', '👩\u200d🔬', '👩🔬'],
    ['a letter and its mark with an invisible character between', 'か\u200b\u3099', 'が'],
  ])('folds to the same text: %s', (_, one, other) => {
    expect(fold(one)).toBe(fold(other))
  })

  it.each([
    ['the dotless i', 'ı', 'i'],
    ['voiced kana', 'が', 'か'],
    ['Hangul syllables that begin alike', '각', '가'],
    ['hiragana and katakana', 'か', 'カ'],
    ['ø, which is no accented o', 'ø', 'o'],
  ])('keeps %s apart', (_, one, other) => {
    expect(fold(one)).not.toBe(fold(other))
    expect(fold(one)).not.toContain(fold(other))
  })

  it('changes nothing the second time, for every character', () => {
    for (let code = 0; code < 0x110000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue
      const once = fold(String.fromCodePoint(code))
      if (fold(once) !== once) expect(fold(once), code.toString(16)).toBe(once)
    }
  })

  it('removes every invisible character', () => {
    for (let code = 0; code < 0x110000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue
      const folded = fold(String.fromCodePoint(code))
      if (/\p{Default_Ignorable_Code_Point}/u.test(folded)) expect.unreachable(code.toString(16))
    }
  })

  it('leaves no fullwidth ASCII, which the index would write in another form', () => {
    for (let code = 0xff01; code <= 0xff5e; code++) {
      expect(fold(String.fromCodePoint(code)).codePointAt(0)).toBeLessThan(0x80)
    }
    expect(fold('\u3000')).toBe(' ')
  })
})

describe('foldTagCase', () => {
  it.each([
    ['case', 'Garden', 'gARDEN'],
    ['case of accented letters', 'CRÈME', 'crème'],
    ['accents, however written', 'E\u0301', 'é'],
    ['marks in any order', 'a\u0345\u0301', 'A\u0301\u0345'],
    ['full case folding', 'Straße', 'STRASSE'],
    ['capital sharp s', 'ẞ', 'ß'],
    ['final sigma', 'ΟΔΥΣΣΕΥΣ', 'οδυσσευς'],
    ['Cyrillic', 'МОСКВА', 'москва'],
    ['Cherokee', 'ꭰ', 'Ꭰ'],
  ])('folds to the same text: %s', (_, one, other) => {
    expect(foldTagCase(one)).toBe(foldTagCase(other))
  })

  it.each([
    ['accents', 'é', 'e'],
    ['й', 'й', 'и'],
    ['the dotless i', 'ı', 'i'],
    ['the dotted capital i', 'İ', 'I'],
    ['width', 'Ａ', 'A'],
    ['superscripts', 'x²', 'x2'],
    ['Roman numerals', 'Ⅳ', 'iv'],
    ['invisible characters', 'sun\u200bset', 'sunset'],
    ['voiced kana', 'が', 'か'],
  ])('keeps %s apart', (_, one, other) => {
    expect(foldTagCase(one)).not.toBe(foldTagCase(other))
  })

  it('changes nothing the second time, for every character and for texts', () => {
    for (let code = 0; code < 0x110000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue
      const once = foldTagCase(String.fromCodePoint(code))
      if (foldTagCase(once) !== once) expect(foldTagCase(once), code.toString(16)).toBe(once)
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const once = foldTagCase(text)
        expect(foldTagCase(once)).toBe(once)
        expect(foldTagCase(text.normalize('NFD'))).toBe(once)
      }),
    )
  })

  it('joins only what the search joins too', () => {
    for (let code = 0; code < 0x110000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue
      const character = String.fromCodePoint(code)
      const folded = foldTagCase(character)
      if (fold(folded) !== fold(character))
        expect(fold(folded), code.toString(16)).toBe(fold(character))
    }
  })
})
