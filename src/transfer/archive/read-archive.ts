import { createHash, type Hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'
import { heard } from '../../base/heard.ts'
import { ArchiveFault, HEADER, type Header, SUMS, sumLine, VERSION } from './format.ts'

export interface ArchiveEntry {
  name: string
  size: number
  /** To be read to its end before the next entry is asked for. */
  content: AsyncIterable<Buffer>
}

/** Against reading an endless first entry of what is no backup. */
const MAX_HEADER_BYTES = 10_000

/**
 * The entries of a backup between its header and its sums, of which each is compared with them in the
 * end: when this comes to its end, everything was as it was written.
 *
 * @param onHeader told first
 * @throws ArchiveFault if it is none, cut short, or not as it was written
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
        yield { name, size, content: hashed(content, hash, count) }
        sums.update(sumLine(hash.digest('hex'), name))
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
  if (name !== HEADER || size > MAX_HEADER_BYTES) throw notOne()
  const bytes = Buffer.concat(await Array.fromAsync(content))
  sums.update(sumLine(createHash('sha256').update(bytes).digest('hex'), name))
  let header: Partial<Header>
  try {
    header = JSON.parse(bytes.toString())
  } catch {
    throw damaged()
  }
  if (header?.format !== 'vitrine-backup') throw notOne()
  const { version } = header
  if (!Number.isInteger(version) || version === undefined || version < 1 || version > VERSION) {
    throw new ArchiveFault(
      `The backup is of format ${version}, and this version reads 1 to ${VERSION}. Restore it with the version that made it.`,
    )
  }
  return { format: header.format, version, created: '', objects: 0, ...header }
}

/** Errors come out of it, past whoever asks for the entries. */
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

/** What the tar reader says is of the archive; what the operating system says is not. */
function explain(error: unknown, count: number): unknown {
  if (!(error instanceof Error) || error instanceof ArchiveFault || 'syscall' in error) return error
  if (/unexpected end/i.test(error.message)) return count === 0 ? notOne() : cutShort(count)
  if (/invalid tar header|header exceeds|invalid header/i.test(error.message)) {
    return count === 0 ? notOne() : damaged()
  }
  return error
}

const notOne = () => new ArchiveFault('This is no backup of Vitrine.')
const cutShort = (count: number) =>
  count === 0 ? notOne() : new ArchiveFault('The backup is cut short: its end is missing.')
const damaged = () => new ArchiveFault('The backup is not as it was written: its SHA-256 differ.')
