import type { Extension, Options } from './options.ts'
import { defaultQuality } from './qualities.ts'

/**
 * Leaves out the options that are at their defaults in this format: the whole image as `crop`, the default `q`, white
 * behind a JPEG, and the first frame where the format is a still in any case.
 */
export function withoutDefaults(options: Options, extension: Extension): Options {
  const { crop, background, frame, quality, ...rest } = options
  const isStill = extension !== 'webp' && extension !== 'auto'
  return {
    ...rest,
    ...(crop && !isWhole(crop) && { crop }),
    ...(background !== undefined &&
      !(extension === 'jpg' && background === 'ffffff') && { background }),
    ...(frame !== undefined && !(isStill && frame === 0) && { frame }),
    ...(quality !== undefined && quality !== defaultQuality(extension) && { quality }),
  }
}

/** A crop lies inside the image, so one of this size begins at its corner. */
const isWhole = ({ width, height }: NonNullable<Options['crop']>) => width === 100 && height === 100
