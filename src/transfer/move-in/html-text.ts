import { Parser } from 'htmlparser2'

/** Elements of which nobody sees the text. */
const HIDDEN: ReadonlySet<string> = new Set(['script', 'style', 'template', 'head', 'noscript'])
/** Elements before and after which a line ends. */
const LINES: ReadonlySet<string> = new Set(
  'address article aside dd div dl dt figcaption figure footer form header hr li main nav section table tr'.split(
    ' ',
  ),
)
/** Elements before and after which an empty line comes. */
const PARAGRAPHS: ReadonlySet<string> = new Set(
  'blockquote h1 h2 h3 h4 h5 h6 ol p pre ul'.split(' '),
)

/** Returns the text that a browser shows for some HTML. Paragraphs and line breaks are kept. */
export function textOfHtml(html: string): string {
  let text = ''
  /** Line ends that come before the next text. */
  let ends = 0
  let hidden = 0
  const separate = (name: string) => {
    if (PARAGRAPHS.has(name)) ends = 2
    else if (LINES.has(name)) ends = Math.max(ends, 1)
  }
  const write = (part: string) => {
    if (ends > 0 && part.trim() === '') return
    text += '\n'.repeat(ends) + part
    ends = 0
  }
  const parser = new Parser({
    onopentag(name) {
      if (HIDDEN.has(name)) hidden += 1
      if (name === 'br') ends = Math.min(ends + 1, 2)
      else separate(name)
      if (name === 'li') write('- ')
    },
    onclosetag(name) {
      if (HIDDEN.has(name)) hidden -= 1
      if (name !== 'br') separate(name)
    },
    ontext(part) {
      // Lines of the source are no lines of the text.
      if (hidden === 0) write(part.replace(/\s+/g, ' '))
    },
  })
  parser.end(html)
  return text
    .replace(/ {2,}/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .trim()
}
