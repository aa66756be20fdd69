/** Default-ignorable code points: zero-width characters, soft hyphens, variation selectors and others. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}/gu

/** Occurs in no text, so a search for it finds nothing. */
export const FOUND_NOWHERE = '\u0001'

/**
 * The only folding, for the index and for queries, so that texts that look alike match. It folds
 * compatibility forms and width (NFKC), case (full case folding), and the accents U+0300–U+036F. Other marks
 * stay: the voicing of Japanese kana and the vowels of Indic scripts distinguish words. Invisible characters
 * are removed (The Unicode Standard, section 5.21). They are removed first, because one between a letter and
 * its mark would keep the two from composing.
 *
 * The result is composed (NFC), so that a base letter is no substring of the same letter with a mark: か does
 * not match が, and a Hangul syllable does not match another that begins with it.
 *
 * @returns folded text; folding it again changes nothing
 */
export function fold(text: string): string {
  // Printable ASCII needs no Unicode. Most names are ASCII, and each is then folded several times faster.
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase()
  return foldCase(text.replace(UNSEEN, '').normalize('NFKC'))
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
}

/**
 * Folds nothing but case, so that two tags are one exactly if they differ in case alone: a canonical caseless match
 * (The Unicode Standard, section 3.13, D145). Accents, width and invisible characters stay.
 *
 * @returns folded text in NFC; folding it again changes nothing
 */
export function foldTagCase(tag: string): string {
  if (/^[\x20-\x7e]*$/.test(tag)) return tag.toLowerCase()
  return foldCase(tag.normalize('NFC')).normalize('NFC')
}

/**
 * Folds a search term.
 * @returns the folded term; `FOUND_NOWHERE` if nothing but white space is left of it
 */
export function foldTerm(term: string): string {
  const folded = fold(term)
  return isBlank(folded) ? FOUND_NOWHERE : folded
}

/** Whether a text has no visible character. */
export const isBlank = (text: string): boolean =>
  /^[\p{White_Space}\p{Default_Ignorable_Code_Point}]*$/u.test(text)

/**
 * Full case folding. JavaScript has no function for it, but lower(upper(lower(x))) joins the same characters
 * as CaseFolding.txt (The Unicode Standard, section 5.18). One exception: the dotless ı folds to itself. Each
 * character is folded alone, because the lower case of Σ depends on its neighbours in a string.
 */
function foldCase(text: string): string {
  return mapCharacters(text, (character) =>
    character === 'ı' ? character : mapCharacters(upper(character), lower),
  )
}

const lower = (text: string) => text.toLowerCase()
const upper = (text: string) => text.toLowerCase().toUpperCase()

function mapCharacters(text: string, map: (character: string) => string): string {
  let mapped = ''
  for (const character of text) mapped += map(character)
  return mapped
}
