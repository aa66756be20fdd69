import { createHash } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { AppError } from '../../base/errors.ts'

/** A file that came with a request. */
export interface SpooledFile {
  path: string
  /** Bytes. */
  size: number
  /** Lower-case hex. */
  sha256: string
}

/**
 * Gathered before they are written: a write is a visit to another thread, which for pieces as they
 * come would cost more than writing.
 */
const WRITE_BYTES = 256 * 1024

export interface IncomingFile {
  /**
   * Takes a copy of the next bytes. They need not be in the file yet.
   * @throws AppError 413 past the limit; the plain error of a disk that fails
   */
  write(bytes: Buffer): Promise<void>
  /** @returns undefined if no byte was written */
  finish(): Promise<SpooledFile | undefined>
  /** Removes the file, finished or not; again does nothing. */
  discard(): Promise<void>
}

/**
 * Takes a file in as it comes, in bounded memory, hashing and counting it on the way. Nothing is
 * made before the first byte.
 *
 * @param newPath gives a path that was never used before
 * @param maxBytes of the file
 */
export function createIncomingFile(newPath: () => string, maxBytes: number): IncomingFile {
  const hash = createHash('sha256')
  let path: string | undefined
  let file: FileHandle | undefined
  let size = 0
  /** Not written yet; one piece of memory for all of the file. */
  let pending: Buffer | undefined
  let pendingBytes = 0

  return {
    async write(bytes) {
      if (bytes.length === 0) return
      size += bytes.length
      if (size > maxBytes) throw imageTooLarge(`The image is over the ${maxBytes} bytes allowed.`)
      if (file === undefined) await create()
      for (let from = 0; from < bytes.length; ) {
        pending ??= Buffer.allocUnsafeSlow(WRITE_BYTES)
        const copied = bytes.copy(pending, pendingBytes, from)
        from += copied
        pendingBytes += copied
        if (pendingBytes === WRITE_BYTES) await flush()
      }
    },
    async finish() {
      await flush()
      await close()
      return path === undefined ? undefined : { path, size, sha256: hash.digest('hex') }
    },
    async discard() {
      await close()
      if (path !== undefined) await rm(path, { force: true })
    },
  }

  async function create() {
    path ??= newPath()
    file = await open(path, 'wx', 0o600)
  }

  async function flush() {
    const bytes = pending?.subarray(0, pendingBytes)
    if (!bytes || !file) return
    hash.update(bytes)
    await file.writeFile(bytes)
    pendingBytes = 0
  }

  async function close() {
    const open = file
    file = undefined
    pending = undefined
    await open?.close()
  }
}

export const imageTooLarge = (detail: string) =>
  new AppError('image-too-large', 413, 'Image too large', { detail })
