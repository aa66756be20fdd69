import type { MovedName, MovedTable, Row } from '../tables.ts'
import { readRowLines, toLines, writeLines } from './lines.ts'
import { linesOf, type RowFiles } from './row-files.ts'

/** Ids of the files and items that an archive does not contain, although the snapshot does. */
export type Absent = Record<'files' | 'media', Set<unknown>>

/** Removes references to absent files and items from a row, or removes the row. @returns one row or none */
export function reduceRow(
  { refersTo = {}, mayName = {} }: Pick<MovedTable, 'refersTo' | 'mayName'>,
  row: Row,
  absent: Absent,
): Row[] {
  const find = (references: NonNullable<MovedTable['refersTo']>) =>
    Object.entries(references).filter(([column, table]) => absent[table].has(row[column]))
  if (find(refersTo).length > 0) return []
  return [{ ...row, ...Object.fromEntries(find(mayName).map(([column]) => [column, null])) }]
}

/**
 * Finds the files that only absent items have, at present or as an earlier version. Nothing would ever delete them in
 * the restored library.
 */
export async function findStrays(rowFiles: RowFiles, absent: Absent): Promise<Set<unknown>> {
  const strays = new Set<unknown>()
  if (absent.media.size === 0) return strays
  for await (const { item, file } of readUses(rowFiles)) {
    if (absent.media.has(item) && !absent.files.has(file)) strays.add(file)
  }
  if (strays.size === 0) return strays
  for await (const { item, file } of readUses(rowFiles)) {
    if (!absent.media.has(item)) strays.delete(file)
  }
  return strays
}

/** Which items have which files, or had them. */
async function* readUses(rowFiles: RowFiles): AsyncGenerator<{ item: unknown; file: unknown }> {
  const columns = { media: 'id', versions: 'media_id' } as const
  for (const table of ['media', 'versions'] as const) {
    for await (const rows of linesOf(rowFiles, table)) {
      for (const row of rows) yield { item: row[columns[table]], file: row.file_id }
    }
  }
}

/**
 * Writes the rows of a table once more, without what the archive does not contain.
 * @param path of the rows so far
 * @returns the path of the new rows
 */
export async function rewriteRows(
  path: string,
  table: Pick<MovedTable, 'refersTo' | 'mayName'> & { name: MovedName },
  absent: Absent,
): Promise<string> {
  const lines = writeLines(`${path}.reduced`)
  for await (const rows of readRowLines(path)) {
    await lines.write(toLines(rows.flatMap((row) => reduceRow(table, row, absent))))
  }
  await lines.close()
  return lines.path
}
