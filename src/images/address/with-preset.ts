import { checkOptions } from './check-options.ts'
import { withoutDefaults } from './defaults.ts'
import type { ImageAddress, Options } from './options.ts'

/**
 * The options of an address with a preset: those of the preset, over which those of the address win. If the address
 * changes the width of a box alone, the box keeps its shape, so that a preset can be had in every width of a `srcset`.
 * PNG has no quality, so that of a preset does not matter there.
 *
 * @throws AppError 400 "Invalid parameters" if they contradict or lack each other together
 */
export function withPreset(preset: Options, { options, extension }: ImageAddress): Options {
  const { quality, ...rest } = { ...preset, ...options, ...scaleBox(preset, options) }
  const hasQuality = quality !== undefined && extension !== 'png'
  const all = withoutDefaults({ ...rest, ...(hasQuality && { quality }) }, extension)
  checkOptions(all, extension)
  return all
}

function scaleBox(preset: Options, { width, height, ratio }: Options): Pick<Options, 'height'> {
  if (width === undefined || height !== undefined || ratio !== undefined) return {}
  if (preset.width === undefined || preset.height === undefined) return {}
  return { height: Math.max(1, Math.round((preset.height * width) / preset.width)) }
}
