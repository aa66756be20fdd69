import { statfs } from 'node:fs/promises'

/** With less room, no photograph can be stored, and soon no database page can be written. */
const LEAST_BYTES = 1024 * 1024

/**
 * Checks the free space. Writing to an existing file does not show it, because the file has its blocks
 * already.
 * @throws Error with the code `ENOSPC` if the disk of a folder is nearly full
 */
export async function requireRoom(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const bytes = bavail * bsize
  if (bytes >= LEAST_BYTES) return
  const full = new Error(`There are ${bytes} bytes left on the disk of ${folder}.`)
  throw Object.assign(full, { code: 'ENOSPC' })
}
