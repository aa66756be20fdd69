import { createHash } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { AppError } from '../../base/errors.ts'

/** A file that arrived with a request. */
export interface SpooledFile {
  path: string
  /** Bytes. */
  size: number
  /** Lower-case hex. */
  sha256: string
}

/**
 * Bytes are gathered before a write. Each write goes through another thread, which would cost more than the
 * writing itself if the pieces were small.
 */
const WRITE_BYTES = 256 * 1024

export interface IncomingFile {
  /**
   * Copies the next bytes. They need not be in the file yet when it resolves.
   * @throws AppError 413 past the limit; the disk's own error if it fails
   */
  write(bytes: Buffer): Promise<void>
  /** @returns undefined if no byte was written */
  finish(): Promise<SpooledFile | undefined>
  /** Removes the file, finished or not. A second call does nothing. */
  discard(): Promise<void>
}

/**
 * Receives a file piece by piece in bounded memory, and hashes and counts it on the way. No file is made
 * before the first byte.
 *
 * @param newPath gives a path that was never used before
 * @param maxBytes of the file
 */
export function createIncomingFile(newPath: () => string, maxBytes: number): IncomingFile {
  const hash = createHash('sha256')
  let path: string | undefined
  let file: FileHandle | undefined
  let size = 0
  /** Bytes that are not written yet. One buffer serves the whole file. */
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

/** The fields of a body beside the image, not checked yet. */
export type UploadFields = Readonly<Record<string, unknown>>

/** The content of a body that was read to its end. */
export interface UploadBody {
  fields: UploadFields
  /** The name that the image's file has on the client; undefined in a body that has no files. */
  fileName?: string | undefined
  /** Why the image cannot be decoded, as a sentence; undefined if it can. */
  refusal: string | undefined
}
