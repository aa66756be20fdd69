/** Words that make up examples and defaults, and words that people type instead of choosing a secret. */
const PLACEHOLDERS = `
  change replace please choose default example sample placeholder secret password passwort
  passphrase token key jwt admin administrator root user vitrine test demo letmein qwerty
  qwertz welcome this that it me my your own a an the in for to with here production
  insecure long very super some thing`
  .trim()
  .split(/\s+/)
/** A text with fewer different characters is a pattern. */
const LEAST_VARIETY = 5

/**
 * Refuses a secret that is an example or a default. Only for secrets in settings; `checkPassword` checks the
 * passwords that people choose.
 *
 * @throws Error whose message completes "must be …", without the value
 */
export function requireUnguessable(text: string): void {
  const words = text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  if (new Set(text).size >= LEAST_VARIETY && !consistsOfPlaceholders(words)) return
  throw new Error('a value of your own, and not one that everybody tries first')
}

/**
 * Whether the text is a row of these words and digits. Visits each position once; a regular expression would
 * try every way to divide the text.
 */
function consistsOfPlaceholders(text: string): boolean {
  /** Positions that a row of words and digits reaches. */
  const ends = new Set([0])
  for (let at = 0; at < text.length; at++) {
    if (!ends.has(at)) continue
    if (/\d/.test(text.charAt(at))) ends.add(at + 1)
    for (const word of PLACEHOLDERS) if (text.startsWith(word, at)) ends.add(at + word.length)
  }
  return text !== '' && ends.has(text.length)
}
