import { UsageError } from '../../base/errors.ts'
import type { MovedName } from '../tables.ts'

/**
 * A backup is a tar archive (POSIX.1-1988, `ustar`) with these entries, in this order:
 *
 * - `vitrine-backup.json`, which identifies a backup; see `Header`
 * - `objects/<storage key>`: originals, and the `scaled` variant of each
 * - `rows/<table>.ndjson`: one row as JSON per line, sorted by the key of the table; `rows/library.json`
 * - `SHA256SUMS` of all these entries, in their order, in the format of `sha256sum`
 *
 * The rows follow the objects, so that they name only objects that are in the archive. The sums are last, so
 * that only a complete archive has them.
 */
export const HEADER = 'vitrine-backup.json'
export const OBJECTS = 'objects/'
export const ROWS = 'rows/'
export const LIBRARY = 'rows/library.json'
export const SUMS = 'SHA256SUMS'

export const nameRows = (table: MovedName): string => `${ROWS}${table}.ndjson`

/**
 * Increased whenever a table or a column of the backup is added; see `tables.ts`. A restore also reads older
 * versions. Version 2 added the audit trail. Version 3 added the recipe by which the variants of a file are rendered.
 * Version 4 added texts of items, collections, and versions of files. Version 5 added presets and keys of addresses.
 * Version 6 added what originals say of themselves.
 */
export const VERSION = 6

export interface Header {
  format: 'vitrine-backup'
  version: number
  /** ISO 8601 */
  created: string
  /** Number of objects when the backup began. A restore shows its progress with it. */
  objects: number
}

/** The backup is cut short or changed, or the input is not a backup. */
export class ArchiveFault extends UsageError {
  constructor(message: string) {
    super(message)
    this.name = 'ArchiveFault'
  }
}

/** A line of `SHA256SUMS`. */
export const sumLine = (sha256: string, name: string): string => `${sha256}  ${name}\n`
