/** Default-ignorable code points: zero-width ones, soft hyphens, variation selectors and the like. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}/gu

/** No text holds it, so a search for it finds nothing. */
export const FOUND_NOWHERE = '\u0001'

/**
 * The one folding, used for indexing and for querying, so that what looks alike is found alike:
 * compatibility forms and width (NFKC), case (full case folding), and the accents U+0300–U+036F.
 * Other marks stay: the voicing of Japanese kana and the vowels of Indic scripts tell words apart.
 * What nobody sees is left out (The Unicode Standard, section 5.21), and first, since it keeps a mark
 * from joining its letter.
 *
 * Composed again at the end (NFC), so that a base letter is no substring of its marked one: か does
 * not match が, and a Hangul syllable does not match another that begins with it.
 *
 * @returns folded text; folding it again changes nothing
 */
export function fold(text: string): string {
  // Printable ASCII needs no Unicode: most names, and each a few times faster.
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase()
  return foldCase(text.replace(UNSEEN, '').normalize('NFKC'))
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
}

/**
 * What a text is searched for by.
 * @returns folded; what is found nowhere if nothing but white space is left of it
 */
export function foldTerm(term: string): string {
  const folded = fold(term)
  return isBlank(folded) ? FOUND_NOWHERE : folded
}

/** Whether there is nothing to see in a text. */
export const isBlank = (text: string): boolean =>
  /^[\p{White_Space}\p{Default_Ignorable_Code_Point}]*$/u.test(text)

/**
 * Full case folding. JavaScript has none of its own, but lower(upper(lower(x))) puts the same
 * characters together as CaseFolding.txt does (The Unicode Standard, section 5.18), one exception
 * aside: the dotless ı folds to itself. Character by character, since a string's lower case makes Σ
 * depend on its neighbours.
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
