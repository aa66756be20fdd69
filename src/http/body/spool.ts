import { type FileHandle, open, unlink } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { writeAll } from '../../base/durable-files.ts'
import { heard } from '../../base/heard.ts'

const MEMORY_BYTES = 1024 * 1024
const READ_BYTES = 256 * 1024

export interface Spool {
  /** The written bytes, in order. Destroyed if the client takes nothing for too long. */
  readonly body: Readable
  /** Never waits for the client, only for the disk. Rejects once the body is destroyed. */
  write(chunk: Buffer): Promise<void>
  /** No more chunks follow. */
  end(): void
  /** Cuts the body off, so that the client never takes the part that was sent for the whole. */
  fail(error: Error): void
}

/**
 * A pipe between a producer that must not wait, because it holds a database snapshot open, and a client that
 * may be slow. Bytes that the client has not taken yet are kept in memory up to a bound, and in a temporary
 * file beyond it.
 *
 * @param path of the temporary file, which is made only when needed
 * @param idleMs after which a client that takes nothing is cut off
 */
export function createSpool(path: string, idleMs: number): Spool {
  let file: FileHandle | undefined
  // Bytes that were written to the file, and bytes of it that the client was given.
  let written = 0
  let given = 0
  let full = false
  let reading = false
  let ended = false

  const idle = setTimeout(() => {
    body.destroy(new Error(`The client took nothing for ${idleMs} ms.`))
  }, idleMs).unref()

  const body = heard(
    new Readable({
      highWaterMark: MEMORY_BYTES,
      read() {
        idle.refresh()
        full = false
        void giveFromFile()
      },
      destroy(error, callback) {
        clearTimeout(idle)
        closeFile().then(
          () => callback(error),
          (cause) => callback(error ?? cause),
        )
      },
    }),
  )

  /** Passes on the content of the file. Once it is empty, chunks go directly to the client again. */
  async function giveFromFile(): Promise<void> {
    if (reading || body.destroyed) return
    reading = true
    try {
      while (file && given < written && !full) {
        const length = Math.min(READ_BYTES, written - given)
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, given)
        if (bytesRead === 0) throw new Error(`The end of ${path} is missing.`)
        given += bytesRead
        full = !body.push(buffer.subarray(0, bytesRead))
      }
      if (ended && given === written) body.push(null)
    } catch (error) {
      if (!body.destroyed) body.destroy(error instanceof Error ? error : new Error(String(error)))
    } finally {
      reading = false
    }
  }

  async function closeFile() {
    if (!file) return
    const closing = file
    file = undefined
    await closing.close()
    await unlink(path)
  }

  const whyDestroyed = () => body.errored ?? new Error('The client has left.')

  return {
    body,
    async write(chunk) {
      if (body.destroyed) throw whyDestroyed()
      if (!full && given === written) {
        full = !body.push(chunk)
        return
      }
      if (!file) {
        file = await open(path, 'w+', 0o600)
        if (body.destroyed) {
          // The body was destroyed while the file was being opened, and so did not close it.
          await closeFile()
          throw whyDestroyed()
        }
      }
      written += await writeAll(file, chunk, written)
      if (!full) void giveFromFile()
    },
    end() {
      ended = true
      if (given === written && !body.destroyed) body.push(null)
    },
    fail(error) {
      body.destroy(error)
    },
  }
}
