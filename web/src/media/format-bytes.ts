const UNITS = ['kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** A size in words, in kilobytes or a larger unit. */
export function formatBytes(size: number, locale: string): string {
  const at = UNITS.findLastIndex((_, index) => size >= 1000 ** (index + 1))
  const power = Math.max(at, 0)
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[power],
    maximumFractionDigits: 1,
  }).format(size / 1000 ** (power + 1))
}
