import { UsageError } from '../../base/usage-error.ts'

/**
 * A backup is a tar archive (POSIX.1-1988, `ustar`), in this order:
 *
 * - `vitrine-backup.json`, by which it is known, see `Header`
 * - `objects/<storage key>`: originals, and the `scaled` of each
 * - `rows/<table>.ndjson`: a row in JSON each line; `rows/library.json`
 * - `SHA256SUMS` of all of these, in their order, as `sha256sum` writes and checks it
 *
 * What comes last is what was known last: rows name only what is in the archive, and only a whole one
 * has its sums.
 */
export const HEADER = 'vitrine-backup.json'
export const OBJECTS = 'objects/'
export const ROWS = 'rows/'
export const LIBRARY = 'rows/library.json'
export const SUMS = 'SHA256SUMS'

/**
 * Raised whenever a table changes that is in it; what restores reads the older ones as well.
 * Since 2 there is the audit trail, since 3 files say by which recipe their images are made.
 */
export const VERSION = 3

export interface Header {
  format: 'vitrine-backup'
  version: number
  /** ISO 8601 */
  created: string
  /** As many as there were when it was begun, for showing how far a restore is. */
  objects: number
}

/** A backup that is cut short, changed, or none. */
export class ArchiveFault extends UsageError {
  constructor(message: string) {
    super(message)
    this.name = 'ArchiveFault'
  }
}

/** A line of `SHA256SUMS`. */
export const sumLine = (sha256: string, name: string): string => `${sha256}  ${name}\n`
