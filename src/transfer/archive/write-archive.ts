import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
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
  addText(name: string, text: string): Promise<void>
  /**
   * Adds the sums and waits until everything is written.
   * @returns the SHA-256 of the sums: what tells this archive from any other
   */
  finish(): Promise<string>
  /** Ends it where it is. */
  abort(): void
}

/**
 * @param folder for files of its own
 * @param keepOpen leave the output open at the end, as standard output must be
 */
export function writeArchive(
  output: Writable,
  { folder, keepOpen }: { folder: string; keepOpen: boolean },
): ArchiveWriter {
  const archive = heard(pack())
  const written = pipeline(archive, output, { end: !keepOpen })
  // Said by whatever is being added at that time.
  written.catch(() => {})
  const mtime = new Date()
  const sums = writeLines(join(folder, SUMS))

  async function add(name: string, path: string): Promise<string> {
    const { size } = await stat(path)
    const hash = createHash('sha256')
    const entry = archive.entry({ name, size, mode: 0o600, mtime })
    const copied = pipeline(
      heard(createReadStream(path)),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk)
          yield chunk
        }
      },
      entry,
    )
    // Whichever fails: an output that cannot take any more leaves the entry waiting.
    await Promise.race([copied, written.then(() => copied)])
    return hash.digest('hex')
  }

  return {
    async add(name, path) {
      await sums.write(sumLine(await add(name, path), name))
    },
    async addText(name, text) {
      const path = join(folder, 'text')
      await writeFile(path, text, { mode: 0o600 })
      await sums.write(sumLine(await add(name, path), name))
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
