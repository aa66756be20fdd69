import type { ImageAddress } from './options.ts'
import { printRatio, type Ratio } from './ratio.ts'

export interface BoundSettings {
  /** Widths in pixels, ascending, at least one. */
  readonly widths: readonly number[]
  /** In canonical form. The upright of each is allowed too. */
  readonly aspects: readonly Ratio[]
  /** Whether anybody may have AVIF. */
  readonly avif: boolean
  /** With `signed` or `off`, every address without a preset needs a signature. */
  readonly transforms: 'bounded' | 'signed' | 'off'
}

export interface Settled {
  /** The address that is served. A request with another spelling is redirected to it. */
  readonly canonical: ImageAddress
  /** Whether the address is served only if its signature is right; true for every address that has one. */
  readonly needsSignature: boolean
}

/** What anybody may ask for without a signature. */
export function createBounds({ widths, aspects, avif, transforms }: BoundSettings) {
  const ratios = new Set(
    aspects.flatMap(([width, height]) => [
      printRatio([width, height]),
      printRatio([height, width]),
    ]),
  )

  /**
   * Decides whether an address needs a signature. One that needs none gets a width of the ladder: the next one up, or
   * the last.
   */
  function settle(address: ImageAddress): Settled {
    if (address.signature !== undefined || !isFree(address)) {
      return { canonical: address, needsSignature: true }
    }
    const { width } = address.options
    if (width === undefined) return { canonical: address, needsSignature: false }
    const options = { ...address.options, width: snapWidth(widths, width) }
    return { canonical: { ...address, options }, needsSignature: false }
  }

  function isFree({ preset, options, extension }: ImageAddress): boolean {
    const { width, ratio, ...others } = options
    if (Object.keys(others).length > 0 || (extension === 'avif' && !avif)) return false
    if (preset !== undefined) return ratio === undefined
    if (transforms !== 'bounded' || width === undefined) return false
    return ratio === undefined || ratios.has(printRatio(ratio))
  }

  return { settle }
}

export type Bounds = ReturnType<typeof createBounds>

/**
 * The next width of a ladder up from a width, or its last one.
 * @param ladder widths in pixels, ascending, at least one
 */
export const snapWidth = (ladder: readonly number[], width: number): number =>
  ladder.find((step) => step >= width) ?? ladder.at(-1) ?? width
