import { forbidden, mediaNotFound } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { VariantName } from '../../database/tables.ts'
import type { Bounds } from '../address/bounds.ts'
import type { ImageAddress } from '../address/options.ts'
import { parseAddress } from '../address/parse-address.ts'
import { storedVariantOf } from '../address/preset-name.ts'
import { printAddress } from '../address/print-address.ts'
import { type SigningKey, signAddress, verify } from '../address/signature.ts'
import { withPreset } from '../address/with-preset.ts'
import { planName } from '../plan/plan.ts'
import { planOf } from '../plan/plan-of.ts'
import type { FindPreset } from '../presets/find-preset.ts'
import { type Accepted, chooseFormat, TYPES } from './choose-format.ts'
import type { Wanted } from './render-file.ts'
import { findStored, type Source, type StoredImage } from './source-lookup.ts'

/** The image that an address shows. */
export interface Shown {
  fileId: number
  wanted: Wanted
  /** MIME type. */
  type: string
  /** Whether the format depends on the header `Accept`. */
  varies: boolean
  /** Undefined if it must be rendered, perhaps again. */
  stored: StoredImage | undefined
}

/** Another address of the same image, to which clients are sent. */
export interface Elsewhere {
  /** The last part of the path. */
  to: string
  /** 307 if it is the present revision of a preset, which may change; else 308. */
  status: 307 | 308
}

/** The last part of an image's address, checked as far as that is possible without the image. */
export interface CheckedAddress {
  /** The part of the path before. */
  subject: string
  address: ImageAddress
  /** Its canonical spelling. */
  text: string
  isSigned: boolean
}

export interface AddressOptions {
  bounds: Bounds
  /** `off`: `scaled` and `high` alone are answered. */
  transforms: 'bounded' | 'signed' | 'off'
  /** The first one signs. */
  signingKeys: readonly SigningKey[]
  findPreset: FindPreset
}

/** Reads the addresses of images, and finds the images. */
export interface ImageLookup {
  /**
   * @param subject the part of the path before: the id of an item, or a key
   * @param text the last part of the path, as the client sent it
   * @throws AppError 400 "Invalid parameters", 403 "Forbidden" without a right signature that it needs, 404 "Media not
   *   found"
   */
  check(subject: string, text: string): CheckedAddress
  /** The address for another subject, signed anew if it is signed. */
  readdress(checked: CheckedAddress, subject: string): string
  /**
   * @param isImmutable whether the address names a revision of its preset
   * @throws AppError 404 "Media not found" without such a preset; 400 "Invalid parameters" if the preset does not fit
   *   the other options
   */
  show(
    source: Source,
    checked: CheckedAddress,
    accepted: Accepted,
    isImmutable: boolean,
  ): Promise<Shown | { elsewhere: Elsewhere }>
}

export function createImageLookup(
  database: Database,
  { bounds, transforms, signingKeys, findPreset }: AddressOptions,
): ImageLookup {
  function check(subject: string, given: string): CheckedAddress {
    const parsed = parseAddress(given)
    if (!parsed) throw noImage()
    if (transforms === 'off' && storedVariantOf(parsed) === undefined) throw noImage()
    const { canonical, needsSignature } = bounds.settle(parsed)
    if (needsSignature && !verify(signingKeys, subject, canonical)) {
      throw forbidden(
        canonical.signature
          ? 'The signature is not that of this address; POST /media/urls gives the right one.'
          : 'These options need a signature, which POST /media/urls gives, or a preset.',
      )
    }
    const text = printAddress(canonical)
    return { subject, address: canonical, text, isSigned: needsSignature }
  }

  function readdress({ address, text, isSigned }: CheckedAddress, subject: string): string {
    const [key] = signingKeys
    return isSigned && key ? printAddress(signAddress(key, subject, address)) : text
  }

  return {
    check,
    readdress,
    async show(source, checked, accepted, isImmutable) {
      const { fileId } = source
      const { address, subject } = checked
      const variant = storedVariantOf(address)
      if (variant !== undefined) return showVariant(database, fileId, variant)
      let { options } = address
      if (address.preset !== undefined) {
        const preset = await findPreset(address.preset)
        if (!preset) throw mediaNotFound(`There is no preset ${address.preset}.`)
        const revision = isImmutable ? preset.revision : undefined
        if (address.revision !== revision) {
          const { revision: _other, ...rest } = address
          const present = revision === undefined ? rest : { ...rest, revision }
          const text = printAddress(present)
          // The revision is a part of what is signed.
          const to = readdress({ ...checked, address: present, text }, subject)
          return { elsewhere: { to, status: isImmutable ? 307 : 308 } }
        }
        options = withPreset(preset.options, address)
      }
      const format = chooseFormat(address.extension, accepted, source)
      const plan = planOf(options, format, source)
      const name = planName(plan)
      const varies = address.extension === 'auto'
      const [stored] = await database.run(findStored, fileId, name)
      return { fileId, wanted: { name, plan }, type: TYPES[format], varies, stored }
    },
  }
}

/** The image that an address of `scaled` or `high` shows. */
export async function showVariant(
  database: Database,
  fileId: number,
  name: VariantName,
): Promise<Shown> {
  const [stored] = await database.run(findStored, fileId, name)
  return { fileId, wanted: { name }, type: TYPES.webp, varies: false, stored }
}

const noImage = () =>
  mediaNotFound(
    'The address must end in options and a format, as in w_800.webp, or in scaled or high.',
  )
