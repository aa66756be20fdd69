/** Words of which examples and defaults consist, and what people type instead of choosing. */
const PLACEHOLDERS = `
  change replace please choose default example sample placeholder secret password passwort
  passphrase token key jwt admin administrator root user vitrine test demo letmein qwerty
  qwertz welcome this that it me my your own a an the in for to with here production
  insecure long very super some thing`
  .trim()
  .split(/\s+/)
/** Fewer different characters than these are a pattern. */
const LEAST_VARIETY = 5

/**
 * Refuses what a setting that is a secret must not be: a value from somebody's example. Only for
 * what is set at a start; people choose their passwords by `checkPassword`.
 *
 * @throws Error whose message completes "must be …", without the value
 */
export function requireUnguessable(text: string): void {
  const words = text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  if (new Set(text).size >= LEAST_VARIETY && !consistsOfPlaceholders(words)) return
  throw new Error('a value of your own, and not one that everybody tries first')
}

/** Words and digits in a row, found without going back: a pattern would try every way to divide them. */
function consistsOfPlaceholders(text: string): boolean {
  /** Up to where such words lead. */
  const ends = new Set([0])
  for (let at = 0; at < text.length; at++) {
    if (!ends.has(at)) continue
    if (/\d/.test(text.charAt(at))) ends.add(at + 1)
    for (const word of PLACEHOLDERS) if (text.startsWith(word, at)) ends.add(at + word.length)
  }
  return text !== '' && ends.has(text.length)
}
