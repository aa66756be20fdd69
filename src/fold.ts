/**
 * The one folding, used for indexing and for querying, so that what looks alike is found alike:
 * compatibility forms and width (NFKC), case (full case folding), and the accents U+0300–U+036F.
 * Other marks stay: the voicing of Japanese kana and the vowels of Indic scripts tell words apart.
 *
 * Composed again at the end (NFC), so that a base letter is no substring of its marked one: か does
 * not match が, and a Hangul syllable does not match another that begins with it.
 *
 * @returns folded text; folding it again changes nothing
 */
export function fold(text: string): string {
  // Printable ASCII needs no Unicode: most names, and each a few times faster.
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase()
  return foldCase(text.normalize('NFKC'))
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
}

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
