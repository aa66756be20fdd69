import type { Extension, OutputFormat } from '../address/options.ts'
import type { Source } from './source-lookup.ts'

/** What a client says of the formats that it shows, in the header `Accept`. */
export type Accepted = 'avif' | 'webp' | 'other'

/**
 * Reads which of the newer formats a client names. Browsers that show WebP or AVIF name it; the wildcards that all send
 * say nothing.
 *
 * @param accept the header
 * @param avif whether `auto` may answer AVIF
 */
export function readAccepted(accept: string | undefined, avif: boolean): Accepted {
  const names = new Set(
    (accept ?? '')
      .toLowerCase()
      .split(',')
      .map((range) => range.split(';').map((part) => part.trim()))
      .filter(([, ...parameters]) => !parameters.some(isNothing))
      .map(([name]) => name),
  )
  if (avif && names.has('image/avif')) return 'avif'
  return names.has('image/webp') ? 'webp' : 'other'
}

/** Whether a parameter of a range says that the client does not want it: `q=0`, `q=0.000`. */
const isNothing = (parameter: string): boolean =>
  parameter.startsWith('q=') && Number(parameter.slice(2)) === 0

/** The format that an address with this extension is answered in. An animation stays one where that is possible. */
export function chooseFormat(
  extension: Extension,
  accepted: Accepted,
  { hasAlpha, frames }: Pick<Source, 'hasAlpha' | 'frames'>,
): OutputFormat {
  if (extension !== 'auto') return extension
  if (accepted === 'other') return hasAlpha ? 'png' : 'jpg'
  return accepted === 'avif' && frames === 1 ? 'avif' : 'webp'
}

export const TYPES: Readonly<Record<OutputFormat, string>> = {
  webp: 'image/webp',
  avif: 'image/avif',
  jpg: 'image/jpeg',
  png: 'image/png',
}
