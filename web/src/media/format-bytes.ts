/** A size in words, in kilobytes or megabytes. */
export function formatBytes(size: number, locale: string): string {
  const isSmall = size < 1e6
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: isSmall ? 'kilobyte' : 'megabyte',
    maximumFractionDigits: 1,
  }).format(size / (isSmall ? 1e3 : 1e6))
}
