/** What is wrong with a disk. */
export type DiskFault = 'full' | 'read-only' | 'too large' | 'failing'

/** Error codes of the system, and of SQLite (https://sqlite.org/rescode.html). */
const SYSTEM_CODES: Readonly<Record<string, DiskFault>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'read-only',
  EFBIG: 'too large',
  EIO: 'failing',
}
const SQLITE_CODES: Readonly<Record<number, DiskFault>> = {
  8: 'read-only',
  10: 'failing',
  13: 'full',
}

const WORDS: Readonly<Record<DiskFault, string>> = {
  full: 'There is no space left where the server keeps its data.',
  'read-only': 'The server cannot write where it keeps its data.',
  'too large': 'A file of the server would be larger than the system allows.',
  failing: 'The disk of the server fails.',
}

/** The disk fault behind an error or one of its causes; undefined if there is none. */
export function findDiskFault(error: unknown): DiskFault | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code, errcode } = cause as { code?: unknown; errcode?: unknown }
    const fault =
      typeof errcode === 'number' ? SQLITE_CODES[errcode & 0xff] : SYSTEM_CODES[String(code)]
    if (fault) return fault
  }
  return undefined
}

/** The same, as a sentence for the client whose request failed. */
export function explainDiskFault(error: unknown): string | undefined {
  const fault = findDiskFault(error)
  return fault && WORDS[fault]
}
