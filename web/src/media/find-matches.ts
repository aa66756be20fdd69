/** A range of a text in UTF-16 code units. The end is exclusive. */
export interface Range {
  start: number
  end: number
}

/** The terms of a search, folded for a comparison that ignores case, accents and width. */
export const splitTerms = (search: string): string[] =>
  search
    .split(/\p{White_Space}+/u)
    .map(fold)
    .filter((term) => term.trim() !== '')

/** Finds all matches of the terms in a text, in order. Matches that touch are merged. */
export function findMatches(text: string, terms: readonly string[]): Range[] {
  if (terms.length === 0) return []
  // Folding may change lengths, so `origins` maps each folded unit to its range in the text.
  let folded = ''
  const origins: Range[] = []
  for (const { segment, index } of new Intl.Segmenter().segment(text)) {
    const part = fold(segment)
    folded += part
    for (let unit = 0; unit < part.length; unit++) {
      origins.push({ start: index, end: index + segment.length })
    }
  }
  const found = terms.flatMap((term) => {
    const ranges: Range[] = []
    for (let at = folded.indexOf(term); at >= 0; at = folded.indexOf(term, at + term.length)) {
      const [first, last] = [origins[at], origins[at + term.length - 1]]
      if (first && last) ranges.push({ start: first.start, end: last.end })
    }
    return ranges
  })
  const merged: Range[] = []
  for (const { start, end } of found.sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  return merged
}

/** The first tag that contains a term which the name does not contain. */
export function findMatchingTag(
  name: string,
  tags: readonly string[],
  terms: readonly string[],
): string | undefined {
  const missing = terms.filter((term) => findMatches(name, [term]).length === 0)
  return missing.length > 0 ? tags.find((tag) => findMatches(tag, missing).length > 0) : undefined
}

/** Similar to the folding of the server. A difference only affects the marks. */
const fold = (text: string) =>
  text
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .normalize('NFKC')
    // Upper case first: it makes “ß” and “ss” equal.
    .toUpperCase()
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
