/**
 * Prints rows below their heads. What may hold wide characters stands last, where it moves nothing.
 *
 * @param rows each as long as the heads
 */
export function printTable(heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [heads, ...rows]
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  for (const row of all) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()
        // What a browser calls itself must not tell the terminal what to do.
        .replace(/\p{Cc}/gu, '\ufffd'),
    )
  }
}

/** ISO 8601; `never` for null. */
export const showTime = (milliseconds: number | null): string =>
  milliseconds === null ? 'never' : new Date(milliseconds).toISOString()
