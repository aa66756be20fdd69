/**
 * Prints rows below their column heads. A column that may hold wide characters must be the last one, where
 * it shifts no other.
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
        // A browser chooses its own name. Control characters in it must not reach the terminal.
        .replace(/\p{Cc}/gu, '\ufffd'),
    )
  }
}

/** ISO 8601; `never` for null. */
export const showTime = (milliseconds: number | null): string =>
  milliseconds === null ? 'never' : new Date(milliseconds).toISOString()
