/** A text with the parts marked that match a search, whatever the case and accents. */
export function Marked({ text, search }: { text: string; search: string }) {
  const range = findMatch(text, search)
  if (!range) return text
  return (
    <>
      {text.slice(0, range.start)}
      <mark>{text.slice(range.start, range.end)}</mark>
      {text.slice(range.end)}
    </>
  )
}

/** The first match of any term, in units of the text as it is written. */
export function findMatch(
  text: string,
  search: string,
): { start: number; end: number } | undefined {
  const terms = search.split(/\s+/).map(fold).filter(Boolean)
  if (terms.length === 0) return undefined
  // Folding may change lengths, so each folded character remembers where it came from.
  const folded: { character: string; start: number; end: number }[] = []
  let at = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    for (const character of fold(segment)) {
      folded.push({ character, start: at, end: at + segment.length })
    }
    at += segment.length
  }
  const whole = folded.map(({ character }) => character).join('')
  for (const term of terms) {
    const index = whole.indexOf(term)
    if (index === -1) continue
    const first = [...whole.slice(0, index)].length
    const start = folded[first]?.start
    const end = folded[first + [...term].length - 1]?.end
    if (start !== undefined && end !== undefined) return { start, end }
  }
  return undefined
}

/** Close to the server's folding; what it marks is for the eye only. */
const fold = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
