import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Writes all of the bytes. A single write may take only a part of them, for example when the disk fills up.
 * The next write then fails with the reason.
 *
 * @param position where in the file, in bytes
 * @returns the number of bytes
 * @throws the system's error
 */
export async function writeAll(
  file: Pick<FileHandle, 'write'>,
  bytes: Buffer,
  position: number,
): Promise<number> {
  for (let written = 0; written < bytes.length; ) {
    const left = bytes.length - written
    const { bytesWritten } = await file.write(bytes, written, left, position + written)
    if (bytesWritten === 0) throw new Error('The system took none of the bytes to write.')
    written += bytesWritten
  }
  return bytes.length
}

/** Makes the names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  // Windows cannot open folders and needs no sync: NTFS journals its names.
  if (process.platform === 'win32') return
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
