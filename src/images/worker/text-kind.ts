import type { Kind } from './known-kinds.ts'

const SVG: Kind = { name: 'an SVG drawing', type: 'image/svg+xml' }
const HTML: Kind = { name: 'an HTML page', type: 'text/html' }
const XML: Kind = { name: 'an XML document', type: 'application/xml' }
const TEXT: Kind = { name: 'plain text', type: 'text/plain' }

/** Elements that a page may begin with. The outermost one is optional. */
const PAGE_ELEMENTS: readonly string[] =
  'html head body title meta link script style div p table h1 iframe img'.split(' ')

/** Markup that may precede the first element, with its end. */
const PROLOGUE: readonly (readonly [start: string, end: string])[] = [
  ['<?', '?>'],
  ['<!--', '-->'],
]

/**
 * Identifies a text by its first element.
 * @param start the first bytes of a file
 * @returns undefined if the bytes are not text
 */
export function textKind(start: Buffer): Kind | undefined {
  const text = decode(start)
  if (text === undefined) return undefined
  const { element, documentType, isOpen } = findFirstElement(text)
  const name = element ?? documentType
  if (name === undefined) return isOpen ? XML : TEXT
  // The name may have a namespace prefix.
  const local = name.slice(name.indexOf(':') + 1)
  if (local === 'svg') return SVG
  if (PAGE_ELEMENTS.includes(local) || documentType === 'html') return HTML
  return XML
}

/** Decodes by the byte order mark, else as UTF-8, else markup as Latin-1; undefined if it is not text. */
function decode(bytes: Buffer): string | undefined {
  const text = toText(bytes)
  return text === undefined || /[^\P{Cc}\s]/u.test(text) ? undefined : text
}

function toText(bytes: Buffer): string | undefined {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  try {
    // Streaming mode, because the last character may be cut.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
  } catch {
    const latin = bytes.toString('latin1')
    return latin.trimStart().startsWith('<') ? latin : undefined
  }
}

/** Skips declarations, comments and the document type. Names are in lower case. */
function findFirstElement(text: string) {
  let documentType: string | undefined
  let rest = text.trimStart()
  let isOpen = false
  while (rest.startsWith('<')) {
    const start = rest.slice(0, 9).toLowerCase()
    const passed = PROLOGUE.find(([opening]) => start.startsWith(opening))
    if (start === '<!doctype') {
      documentType = nameAt(rest.slice(9).trimStart())
      rest = afterDocumentType(rest)
    } else if (passed) {
      isOpen = true
      const end = rest.indexOf(passed[1])
      rest = end === -1 ? '' : rest.slice(end + passed[1].length)
    } else {
      return { element: nameAt(rest.slice(1)), documentType, isOpen }
    }
    rest = rest.trimStart()
  }
  return { element: undefined, documentType, isOpen }
}

const nameAt = (text: string): string | undefined => /^[a-z][\w.:-]*/i.exec(text)?.[0].toLowerCase()

/** Skips the document type. It may have declarations in brackets, which contain `>` too. */
function afterDocumentType(text: string): string {
  const end = text.indexOf('>')
  const bracket = text.indexOf('[')
  if (end === -1) return ''
  if (bracket === -1 || bracket > end) return text.slice(end + 1)
  const close = text.indexOf(']', bracket)
  const outer = close === -1 ? -1 : text.indexOf('>', close)
  return outer === -1 ? '' : text.slice(outer + 1)
}
