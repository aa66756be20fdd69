/** A whole number in decimal digits, within bounds, both included. Leading zeros are allowed. */
export function readWhole(text: string, min: number, max: number): number | undefined {
  if (!/^\d+$/.test(text)) return undefined
  const value = Number(text)
  return value >= min && value <= max ? value : undefined
}

/** As many whole numbers as there are bounds, with `-` between them. */
export function readWholes<Bounds extends readonly (readonly [min: number, max: number])[]>(
  text: string,
  bounds: readonly [...Bounds],
): { [Index in keyof Bounds]: number } | undefined {
  const parts = text.split('-')
  if (parts.length !== bounds.length) return undefined
  const values = bounds.map(([min, max], index) => readWhole(parts[index] ?? '', min, max))
  return values.includes(undefined) ? undefined : (values as { [Index in keyof Bounds]: number })
}
