import { statfs } from 'node:fs/promises'

/** With less a photograph cannot be taken in, nor a page of the database be written for long. */
const LEAST_BYTES = 1024 * 1024

/**
 * What a file that is there already can be given anew says nothing of the room for others.
 * @throws Error with the code `ENOSPC` if the disk of a folder is as good as full
 */
export async function requireRoom(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const bytes = bavail * bsize
  if (bytes >= LEAST_BYTES) return
  const full = new Error(`There are ${bytes} bytes left on the disk of ${folder}.`)
  throw Object.assign(full, { code: 'ENOSPC' })
}
