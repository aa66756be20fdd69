import { Fragment } from 'react'
import { findMatches } from './find-matches'

/** A text with the matches of the terms marked, regardless of case and accents. */
export function Marked({ text, terms }: { text: string; terms: readonly string[] }) {
  const ranges = findMatches(text, terms)
  const rest = text.slice(ranges.at(-1)?.end ?? 0)
  return (
    <>
      {ranges.map(({ start, end }, index) => (
        <Fragment key={start}>
          {text.slice(ranges[index - 1]?.end ?? 0, start)}
          <mark>{text.slice(start, end)}</mark>
        </Fragment>
      ))}
      {rest}
    </>
  )
}
