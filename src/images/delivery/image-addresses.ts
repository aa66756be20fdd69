import { parametersInvalid } from '../../base/errors.ts'
import type { ImageAddress, Options } from '../address/options.ts'
import { parseAddress } from '../address/parse-address.ts'
import { isBuiltIn, storedVariantOf } from '../address/preset-name.ts'
import { printAddress } from '../address/print-address.ts'
import { signAddress } from '../address/signature.ts'
import { withPreset } from '../address/with-preset.ts'
import { planName } from '../plan/plan.ts'
import { planOf } from '../plan/plan-of.ts'
import { presetNotFound } from '../presets/preset-errors.ts'
import { chooseFormat } from './choose-format.ts'
import type { AddressOptions } from './image-lookup.ts'
import type { Wanted } from './render-file.ts'
import type { Source } from './source-lookup.ts'

/** An image that a caller who may view media asks for. Any options are allowed. */
export interface AskedImage {
  /** Immutable: with the present revision of its preset. Without a signature. */
  address: ImageAddress
  /** With those of the preset. */
  options: Options
}

/** Makes addresses for callers who may view media. */
export interface ImageAddresses {
  /**
   * Reads options with a format, such as `w_700,q_60.webp` or `hero,w_800.jpg`; also `scaled` and `high`. A revision or a
   * signature in it does not matter.
   *
   * @throws AppError 400 "Invalid parameters"; 404 "Preset not found"
   */
  read(text: string): Promise<AskedImage>
  /**
   * The last part of the path to an image. It is signed by the first key if not everybody may ask for exactly this.
   * @param subject the part of the path before: the id of an item, or a key
   */
  print(subject: string, address: ImageAddress): string
}

export function createImageAddresses({
  bounds,
  transforms,
  signingKeys,
  findPreset,
}: AddressOptions): ImageAddresses {
  return {
    async read(text) {
      const parsed = parseAddress(isBuiltIn(text) ? `${text}.webp` : text)
      if (!parsed) {
        throw parametersInvalid(
          'The options must end in a format, as in w_800.webp, or be scaled or high.',
        )
      }
      const { revision: _revision, signature: _signature, ...address } = parsed
      if (transforms === 'off' && storedVariantOf(address) === undefined) {
        throw parametersInvalid(
          'VITRINE_TRANSFORMS is off on this server; the options must be scaled or high.',
        )
      }
      if (address.preset === undefined) return { address, options: address.options }
      const preset = await findPreset(address.preset)
      if (!preset) throw presetNotFound(address.preset)
      const { revision } = preset
      return {
        address: { ...address, ...(revision !== undefined && { revision }) },
        options: withPreset(preset.options, address),
      }
    },

    print(subject, address) {
      const { canonical, needsSignature } = bounds.settle(address)
      const text = printAddress(address)
      // Of a width that is not on the ladder, anybody gets the next one.
      if (!needsSignature && printAddress(canonical) === text) return text
      const [key] = signingKeys
      if (!key) throw new Error('There is no key that signs addresses.')
      return printAddress(signAddress(key, subject, address))
    },
  }
}

/**
 * What is made of an original for callers who choose the format themselves: `auto` is JPEG, or PNG where there is
 * transparency.
 */
export function wantedOf({ address, options }: AskedImage, source: Source): Wanted {
  const variant = storedVariantOf(address)
  if (variant !== undefined) return { name: variant }
  const plan = planOf(options, chooseFormat(address.extension, 'other', source), source)
  return { name: planName(plan), plan }
}
