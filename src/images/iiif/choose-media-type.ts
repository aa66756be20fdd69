import { CONTEXT } from './info.ts'

const LINKED = `application/ld+json;profile="${CONTEXT}"`
const PLAIN = 'application/json'

/**
 * Chooses the media type of an image's information: JSON-LD, unless the client prefers plain JSON.
 * @param accept the header
 */
export function chooseMediaType(accept: string | undefined): string {
  if (accept === undefined) return LINKED
  const linked = weightOf('application/ld+json', accept)
  const plain = weightOf(PLAIN, accept)
  return plain > linked ? PLAIN : LINKED
}

/** How much a client wants a media type, from 0 to 1. The range that fits best decides (RFC 9110, section 12.5.1). */
function weightOf(type: string, accept: string): number {
  const [kind] = type.split('/')
  const ranges = [type, `${kind}/*`, '*/*']
  const found = accept
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';').map((text) => text.trim()))
    .map(([range = '', ...parameters]) => ({ rank: ranges.indexOf(range), parameters }))
    .filter(({ rank }) => rank !== -1)
    .sort((a, b) => a.rank - b.rank)[0]
  if (!found) return 0
  const weight = found.parameters.find((parameter) => parameter.startsWith('q='))
  return weight === undefined ? 1 : Number(weight.slice('q='.length)) || 0
}
