import { parametersInvalid, parametersMissing, quote } from '../../base/errors.ts'
import { parseOptions } from '../address/parse-options.ts'
import { isBuiltIn, isPresetName, RIGHT_PRESET_NAME } from '../address/preset-name.ts'
import { printOptions } from '../address/print-address.ts'

/**
 * Reads the name of a preset that can be saved or deleted.
 * @throws AppError 400 "Invalid parameters" for what is no name, and for `scaled` and `high`
 */
export function readPresetName(name: string): string {
  if (!isPresetName(name)) {
    throw parametersInvalid(`name is ${quote(name)}; it must be ${RIGHT_PRESET_NAME}.`)
  }
  if (isBuiltIn(name)) {
    throw parametersInvalid(
      `name is ${quote(name)}; it must not be scaled or high, which every library has and nobody can change.`,
    )
  }
  return name
}

/**
 * Reads the options of a preset: `w_1600,ar_21-9,q_85`.
 * @returns their canonical spelling
 * @throws AppError 400: "Required parameters missing" without any, "Invalid parameters" for wrong ones
 */
export function readPresetOptions(options: string): string {
  if (options === '') {
    throw parametersMissing('options is empty; it must be a list like w_1600,ar_21-9,q_85.')
  }
  const canonical = printOptions(parseOptions(options), 'auto')
  if (canonical !== '') return canonical
  throw parametersInvalid(
    `options is ${quote(options)}, which changes nothing; give at least one option that is not at its default.`,
  )
}
