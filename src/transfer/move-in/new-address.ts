import { printRatio, type Ratio } from '../../images/address/ratio.ts'
import type { SourceUrl } from './source.ts'

/** What the settings say of addresses. */
export interface AddressSettings {
  publicUrl: string | undefined
  basePath: string
  transforms: 'bounded' | 'signed' | 'off'
  /** Ascending. */
  widths: readonly number[]
  aspects: readonly Ratio[]
}

/**
 * An address that shows an item in the place of an old one. It is by id, so it lasts as long as the item, and one for which
 * everybody may ask: of the next width up, and of the same ratio if there is one.
 *
 * @param old what it replaces
 */
export function newAddress(
  { publicUrl, basePath, transforms, widths, aspects }: AddressSettings,
  id: number,
  { width, height }: Omit<SourceUrl, 'url'>,
): string {
  const start = `${publicUrl ?? basePath}/media/image/${id}/`
  if (transforms === 'off') return `${start}high.webp`
  const step = width === undefined ? undefined : (widths.find((it) => it >= width) ?? widths.at(-1))
  if (width === undefined || step === undefined || transforms === 'signed') {
    return `${start}high.auto`
  }
  // The height is a whole number of pixels.
  const isSame = ([x, y]: Ratio) => height !== undefined && Math.abs((width * y) / x - height) <= 1
  const ratio = aspects.find(isSame)
  return `${start}w_${step}${ratio ? `,ar_${printRatio(ratio)}` : ''}.auto`
}
