import { createHash, type Hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'
import { heard } from '../../base/heard.ts'
import { ArchiveFault, HEADER, type Header, SUMS, sumLine, VERSION } from './format.ts'

export interface ArchiveEntry {
  name: string
  size: number
  /** Must be read to its end before the next entry is requested. */
  content: AsyncIterable<Buffer>
  /** The SHA-256 of the content that has been read so far, in hex. */
  sha256(): string
}

/** Largest header, in case a file that is not a backup has an endless first entry. */
const MAX_HEADER_BYTES = 10_000

/**
 * Yields the entries of a backup between its header and its sums. The sums are compared at the end: only when
 * this generator has ended without an error are all entries as they were written.
 *
 * @param onHeader called before the first entry
 * @throws ArchiveFault if the input is not a backup, is cut short, or was changed
 */
export async function* readArchive(
  input: Readable,
  onHeader: (header: Header) => void,
): AsyncGenerator<ArchiveEntry> {
  const entries = heard(extract())
  const fed = pipeline(input, entries)
  fed.catch(() => {})
  const sums = createHash('sha256')
  let count = 0
  let isWhole = false
  try {
    for await (const entry of entries) {
      const { name, size, type } = entry.header
      const content = entry as AsyncIterable<Buffer>
      if (isWhole || type !== 'file') throw damaged()
      count += 1
      if (count === 1) onHeader(await readHeader(name, size, content, sums))
      else if (name === SUMS) {
        const hash = createHash('sha256')
        for await (const chunk of content) hash.update(chunk)
        if (hash.digest('hex') !== sums.digest('hex')) throw damaged()
        isWhole = true
      } else {
        const hash = createHash('sha256')
        const sha256 = () => hash.copy().digest('hex')
        yield { name, size, content: hashed(content, hash, count), sha256 }
        sums.update(sumLine(sha256(), name))
      }
    }
    await fed
  } catch (error) {
    throw explain(error, count)
  } finally {
    entries.destroy()
  }
  if (!isWhole) throw cutShort(count)
}

async function readHeader(
  name: string,
  size: number,
  content: AsyncIterable<Buffer>,
  sums: Hash,
): Promise<Header> {
  if (name !== HEADER || size > MAX_HEADER_BYTES) throw notABackup()
  const bytes = Buffer.concat(await Array.fromAsync(content))
  sums.update(sumLine(createHash('sha256').update(bytes).digest('hex'), name))
  let header: Partial<Header>
  try {
    header = JSON.parse(bytes.toString())
  } catch {
    throw damaged()
  }
  if (header?.format !== 'vitrine-backup') throw notABackup()
  const { version } = header
  if (!Number.isInteger(version) || version === undefined || version < 1 || version > VERSION) {
    throw new ArchiveFault(
      `The backup is of format ${version}, and this version reads 1 to ${VERSION}. Restore it with the version that made it.`,
    )
  }
  return { format: header.format, version, created: '', objects: 0, ...header }
}

/** An error of the input is thrown here, where the content is read, and not where entries are requested. */
async function* hashed(content: AsyncIterable<Buffer>, hash: Hash, count: number) {
  try {
    for await (const chunk of content) {
      hash.update(chunk)
      yield chunk
    }
  } catch (error) {
    throw explain(error, count)
  }
}

/** Turns errors of the tar reader into faults of the archive. Errors of the operating system stay unchanged. */
function explain(error: unknown, count: number): unknown {
  if (!(error instanceof Error) || error instanceof ArchiveFault || 'syscall' in error) return error
  if (/unexpected end/i.test(error.message)) return count === 0 ? notABackup() : cutShort(count)
  if (/invalid tar header|header exceeds|invalid header/i.test(error.message)) {
    return count === 0 ? notABackup() : damaged()
  }
  return error
}

const notABackup = () => new ArchiveFault('This is no backup of Vitrine.')
const cutShort = (count: number) =>
  count === 0 ? notABackup() : new ArchiveFault('The backup is cut short: its end is missing.')
const damaged = () =>
  new ArchiveFault('The backup is damaged or was changed: its SHA-256 sums do not match.')
