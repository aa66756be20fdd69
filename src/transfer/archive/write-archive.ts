import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { heard } from '../../base/heard.ts'
import { SUMS, sumLine } from './format.ts'
import { writeLines } from './lines.ts'

export interface ArchiveWriter {
  /** Adds a file's content under a name. */
  add(name: string, path: string): Promise<void>
  /** @param sha256 of the bytes, in hex */
  addBytes(name: string, bytes: Buffer, sha256: string): Promise<void>
  addText(name: string, text: string): Promise<void>
  /**
   * Adds the sums and waits until everything is written.
   * @returns the SHA-256 of the sums, which identifies this archive
   */
  finish(): Promise<string>
  /** Stops and leaves the archive incomplete. */
  abort(): void
}

/**
 * @param folder for temporary files of this archive only
 * @param keepOpen leaves the output open at the end, which standard output needs
 */
export function writeArchive(
  output: Writable,
  { folder, keepOpen }: { folder: string; keepOpen: boolean },
): ArchiveWriter {
  const archive = heard(pack())
  let failure: { error: unknown } | undefined
  let onFailure = (_error: unknown) => {}
  const written = pipeline(archive, heard(output), { end: !keepOpen })
  written.catch((error) => {
    failure = { error }
    onFailure(error)
  })
  const mtime = new Date()
  const sums = writeLines(join(folder, SUMS))
  const headerOf = (name: string, size: number) => ({ name, size, mode: 0o600, mtime })

  function requireOutput() {
    if (failure) throw failure.error
  }

  /** Waits for an entry or for a failure of the output. After such a failure the entry would never end. */
  async function settle(entry: Promise<void>): Promise<void> {
    const failed = Promise.withResolvers<never>()
    onFailure = failed.reject
    try {
      await Promise.race([entry, failed.promise])
    } finally {
      onFailure = () => {}
    }
  }

  async function add(name: string, path: string): Promise<string> {
    const { size } = await stat(path)
    requireOutput()
    const hash = createHash('sha256')
    const copied = pipeline(
      heard(createReadStream(path)),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk)
          yield chunk
        }
      },
      heard(archive.entry(headerOf(name, size))),
    )
    await settle(copied)
    return hash.digest('hex')
  }

  async function addBytes(name: string, bytes: Buffer, sha256: string): Promise<void> {
    requireOutput()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const settled = (error?: Error | null) => (error ? reject(error) : resolve())
    heard(archive.entry(headerOf(name, bytes.length), bytes, settled))
    await settle(promise)
    await sums.write(sumLine(sha256, name))
  }

  return {
    async add(name, path) {
      await sums.write(sumLine(await add(name, path), name))
    },
    addBytes,
    addText(name, text) {
      const bytes = Buffer.from(text)
      return addBytes(name, bytes, createHash('sha256').update(bytes).digest('hex'))
    },
    async finish() {
      await sums.close()
      const sha256 = await add(SUMS, sums.path)
      archive.finalize()
      await written
      return sha256
    },
    abort() {
      archive.destroy()
    },
  }
}
