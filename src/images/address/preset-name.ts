import type { VariantName } from '../../database/tables.ts'
import type { ImageAddress } from './options.ts'

/** Completes "must be …". */
export const RIGHT_PRESET_NAME =
  'a lower-case letter and up to 31 lower-case letters, digits or hyphens'

/** Far more than any preset is changed. */
export const MAX_REVISION = 999_999_999

/** A name has no `_`, so that it is never taken for an option. */
export const isPresetName = (text: string): boolean => /^[a-z][a-z\d-]{0,31}$/.test(text)

/** Whether a preset is one of those that every library has, and that cannot be changed. */
export const isBuiltIn = (preset: string): preset is VariantName =>
  preset === 'scaled' || preset === 'high'

/** The stored variant that an address names: `scaled.webp` or `high.webp`, and nothing more. */
export function storedVariantOf(address: ImageAddress): VariantName | undefined {
  const { preset, options, extension, signature } = address
  const isPlain =
    extension === 'webp' && signature === undefined && Object.keys(options).length === 0
  return isPlain && preset !== undefined && isBuiltIn(preset) ? preset : undefined
}
