import type { FileHandle } from 'node:fs/promises'

/**
 * Writes all of the bytes. The system may take a part of them, as a disk does that becomes full with
 * it; only the next write then says what is wrong.
 *
 * @param position where in the file, in bytes
 * @returns how many there were
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
    if (bytesWritten === 0) throw new Error('The system took nothing of what was to be written.')
    written += bytesWritten
  }
  return bytes.length
}
