import type { Kind } from './known-kinds.ts'

const SVG: Kind = { name: 'an SVG drawing', type: 'image/svg+xml' }
const HTML: Kind = { name: 'an HTML page', type: 'text/html' }
const XML: Kind = { name: 'an XML document', type: 'application/xml' }
const TEXT: Kind = { name: 'plain text', type: 'text/plain' }

/** Elements that a page may begin with, where it leaves out the one around all. */
const PAGE_ELEMENTS: readonly string[] =
  'html head body title meta link script style div p table h1 iframe img'.split(' ')

/** What may stand before the first element, with how it ends. */
const PROLOGUE: readonly (readonly [start: string, end: string])[] = [
  ['<?', '?>'],
  ['<!--', '-->'],
]

/**
 * What a text is, by its first element.
 * @param start the first bytes of a file
 * @returns undefined for what is no text
 */
export function textKind(start: Buffer): Kind | undefined {
  const text = decode(start)
  if (text === undefined) return undefined
  const { element, documentType, isOpen } = findFirstElement(text)
  const name = element ?? documentType
  if (name === undefined) return isOpen ? XML : TEXT
  // With a prefix where the name space has one.
  const local = name.slice(name.indexOf(':') + 1)
  if (local === 'svg') return SVG
  if (PAGE_ELEMENTS.includes(local) || documentType === 'html') return HTML
  return XML
}

/** By the mark of byte order, else UTF-8, else Latin-1 if it begins as markup; no control characters. */
function decode(bytes: Buffer): string | undefined {
  const text = toText(bytes)
  return text === undefined || /[^\P{Cc}\s]/u.test(text) ? undefined : text
}

function toText(bytes: Buffer): string | undefined {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  try {
    // Streaming, because the last character may be cut.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
  } catch {
    const latin = bytes.toString('latin1')
    return latin.trimStart().startsWith('<') ? latin : undefined
  }
}

/** Names in small letters, behind declarations, comments and the document's type. */
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

/** Its own declarations stand in brackets, and have ends of their own. */
function afterDocumentType(text: string): string {
  const end = text.indexOf('>')
  const bracket = text.indexOf('[')
  if (end === -1) return ''
  if (bracket === -1 || bracket > end) return text.slice(end + 1)
  const close = text.indexOf(']', bracket)
  const outer = close === -1 ? -1 : text.indexOf('>', close)
  return outer === -1 ? '' : text.slice(outer + 1)
}
