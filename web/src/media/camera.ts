import type { KnownItem } from './item-query'

type Camera = NonNullable<KnownItem['exif']>

/** The name of a camera. Most makers write theirs into the model too. */
export function nameCamera({ make = '', model = '' }: Camera): string {
  const [maker = ''] = make.split(' ')
  return model.toLowerCase().startsWith(maker.toLowerCase()) && model !== ''
    ? model
    : `${make} ${model}`.trim()
}

/** `1/200 s · f/2.8 · ISO 100 · 35 mm (53 mm)` */
export function describeExposure(camera: Camera, locale: string): string {
  const { exposureTime, fNumber, iso, focalLength, focalLength35 } = camera
  const number = (value: number) => value.toLocaleString(locale, { maximumFractionDigits: 1 })
  const parts = [
    exposureTime && `${describeTime(exposureTime, number)} s`,
    fNumber && `f/${number(fNumber)}`,
    iso && `ISO ${iso}`,
    focalLength && `${number(focalLength)} mm`,
    // Of a camera for film of that size, both are the same.
    focalLength35 && focalLength35 !== focalLength && `(${number(focalLength35)} mm)`,
  ]
  return parts.filter(Boolean).join(' · ').replace(' · (', ' (')
}

/** Cameras count in parts of a second up to about a third. */
const describeTime = (seconds: number, number: (value: number) => string) =>
  seconds > 0.3 ? number(seconds) : `1/${Math.round(1 / seconds)}`
