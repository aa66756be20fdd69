import { parametersInvalid, quote } from '../../base/errors.ts'
import { checkConflicts, checkOptions } from './check-options.ts'
import { withoutDefaults } from './defaults.ts'
import { readWhole } from './numbers.ts'
import type { Extension, ImageAddress } from './options.ts'
import { noOption, type Parts, readOptions, splitParts, wrongValue } from './parse-options.ts'
import { isBuiltIn, isPresetName, MAX_REVISION, RIGHT_PRESET_NAME } from './preset-name.ts'
import { readSignature } from './signature-form.ts'
import { listNames } from './spellings.ts'

const EXTENSIONS: readonly Extension[] = ['webp', 'avif', 'jpg', 'png', 'auto']

/** What an address may have besides options. */
const MORE = ['v', 's']

/**
 * Reads the last part of an image's address: `w_640,ar_16-9,pos_top.jpg`, `hero,v_3,w_800.webp`. Any order, leading zeros and
 * options at their defaults are understood; `printAddress` gives the canonical spelling of the result.
 *
 * @returns undefined if there is no extension
 * @throws AppError 400 "Invalid parameters" for everything else that is not an address
 */
export function parseAddress(text: string): ImageAddress | undefined {
  const dot = text.lastIndexOf('.')
  if (dot === -1) return undefined
  const parts = splitParts(text.slice(0, dot), MORE)
  const extension = readExtension(text.slice(dot + 1))
  const preset = readPreset(parts)
  const revision = readRevision(parts, preset)
  const signature = readSignature(parts.values.get('s'))
  return {
    ...(preset !== undefined && { preset }),
    ...(revision !== undefined && { revision }),
    options: readAllOptions(parts, preset, extension),
    extension,
    ...(signature && { signature }),
  }
}

function readExtension(text: string): Extension {
  const extension = EXTENSIONS.find((candidate) => candidate === text)
  if (extension !== undefined) return extension
  throw wrongValue('The extension', text, listNames(EXTENSIONS))
}

function readPreset({ names }: Parts): string | undefined {
  const [name, second] = names
  if (second !== undefined) {
    throw parametersInvalid(
      `${quote(name)} and ${quote(second)} have no _, like presets; give one preset, and options as name_value.`,
    )
  }
  if (name === undefined || isPresetName(name)) return name
  if (name === '') throw noOption(name, MORE)
  throw parametersInvalid(
    `${quote(name)} is neither an option, which is name_value, nor the name of a preset; that must be ${RIGHT_PRESET_NAME}.`,
  )
}

function readRevision({ values }: Parts, preset: string | undefined): number | undefined {
  const text = values.get('v')
  if (text === undefined) return undefined
  const revision = readWhole(text, 1, MAX_REVISION)
  if (revision === undefined) {
    throw wrongValue('v', text, `a whole number from 1 to ${MAX_REVISION}`)
  }
  if (preset === undefined || isBuiltIn(preset)) {
    throw parametersInvalid(
      `v is ${revision}; it must come with a preset other than scaled and high, as the revision of that preset.`,
    )
  }
  return revision
}

/** An option that comes with a preset is not left out at its default, because the preset may say otherwise. */
function readAllOptions({ values }: Parts, preset: string | undefined, extension: Extension) {
  const options = readOptions(values)
  if (preset === undefined) {
    const short = withoutDefaults(options, extension)
    checkOptions(short, extension)
    return short
  }
  if (values.has('fit') && options.fit === undefined) {
    throw wrongValue('fit', 'inside', 'cover or contain with a preset, or absent')
  }
  checkConflicts(options, extension)
  return options
}
