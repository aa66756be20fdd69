import { crc32 } from 'node:zlib'

/*
 * The ZIP format: https://pkware.cachefly.net/webdocs/APPNOTE/APPNOTE-6.3.10.TXT
 *
 * No package is used for it. Packages keep an object of some kilobytes for each entry and compute the checksum in
 * JavaScript. Some write archives of more than 65,535 entries that no program reads. Without compression the format is
 * these few records.
 */

export interface ZipEntry {
  /** A path with `/` between its parts. At most 65,535 bytes in UTF-8. */
  name: string
  /** Local time, in milliseconds since 1970 as if it were UTC. */
  time: number
  /** Bytes. */
  size: number
  content: AsyncIterable<Buffer>
}

/** From these values on, a field holds its highest value, and a ZIP64 record has the number. */
const MAX_16 = 0xffff
const MAX_32 = 0xffffffff

/** Versions of the format that a reader must know: the oldest one with folders, and the one with ZIP64. */
const VERSION = 20
const VERSION_64 = 45
/** The attributes of an entry are those of Unix. */
const MADE_BY = (3 << 8) | VERSION_64
/** A regular file that its owner may write and all may read. */
const ATTRIBUTES = 0o100644 * 2 ** 16
/** Sizes and checksum follow the content, and the name is UTF-8. */
const FLAGS = 0x0808

/**
 * Writes a ZIP archive of entries, without compression. For the directory at the end it keeps the name and some 100
 * bytes of each entry in memory.
 *
 * @throws Error if a content has another size than its entry says; the errors of `entries` and of a content. What was
 *   written until then is no archive
 */
export async function* writeZip(
  entries: AsyncIterable<ZipEntry> | Iterable<ZipEntry>,
): AsyncGenerator<Buffer> {
  const directory: Buffer[] = []
  let offset = 0
  for await (const entry of entries) {
    const name = Buffer.from(entry.name)
    const header = localHeader(entry, name)
    yield header
    let checksum = 0
    let size = 0
    for await (const chunk of entry.content) {
      checksum = crc32(chunk, checksum)
      size += chunk.length
      yield chunk
    }
    if (size !== entry.size) {
      throw new Error(`The entry has ${size} bytes where its file has ${entry.size}.`)
    }
    const descriptor = dataDescriptor(checksum, size)
    yield descriptor
    directory.push(directoryHeader(entry, name, checksum, offset))
    offset += header.length + size + descriptor.length
  }
  let length = 0
  for (const header of directory) {
    length += header.length
    yield header
  }
  yield directoryEnd(directory.length, offset, length)
}

function localHeader({ time, size }: ZipEntry, name: Buffer): Buffer {
  const is64 = size >= MAX_32
  // Both sizes, which are not written here but make a reader expect a long descriptor.
  const extra = is64 ? zip64Extra([0, 0]) : Buffer.of()
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(is64 ? VERSION_64 : VERSION, 4)
  header.writeUInt16LE(FLAGS, 6)
  header.writeUInt32LE(dosTime(time), 10)
  header.writeUInt32LE(is64 ? MAX_32 : 0, 18)
  header.writeUInt32LE(is64 ? MAX_32 : 0, 22)
  header.writeUInt16LE(name.length, 26)
  header.writeUInt16LE(extra.length, 28)
  return Buffer.concat([header, name, extra])
}

function dataDescriptor(checksum: number, size: number): Buffer {
  const is64 = size >= MAX_32
  const descriptor = Buffer.alloc(is64 ? 24 : 16)
  descriptor.writeUInt32LE(0x08074b50, 0)
  descriptor.writeUInt32LE(checksum, 4)
  if (is64) {
    writeUInt64(descriptor, size, 8)
    writeUInt64(descriptor, size, 16)
  } else {
    descriptor.writeUInt32LE(size, 8)
    descriptor.writeUInt32LE(size, 12)
  }
  return descriptor
}

function directoryHeader(
  { time, size }: ZipEntry,
  name: Buffer,
  checksum: number,
  offset: number,
): Buffer {
  const large = [size, size, offset].filter((number) => number >= MAX_32)
  const extra = large.length > 0 ? zip64Extra(large) : Buffer.of()
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(MADE_BY, 4)
  header.writeUInt16LE(large.length > 0 ? VERSION_64 : VERSION, 6)
  header.writeUInt16LE(FLAGS, 8)
  header.writeUInt32LE(dosTime(time), 12)
  header.writeUInt32LE(checksum, 16)
  header.writeUInt32LE(Math.min(size, MAX_32), 20)
  header.writeUInt32LE(Math.min(size, MAX_32), 24)
  header.writeUInt16LE(name.length, 28)
  header.writeUInt16LE(extra.length, 30)
  header.writeUInt32LE(ATTRIBUTES, 38)
  header.writeUInt32LE(Math.min(offset, MAX_32), 42)
  return Buffer.concat([header, name, extra])
}

function directoryEnd(count: number, offset: number, length: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Math.min(count, MAX_16), 8)
  end.writeUInt16LE(Math.min(count, MAX_16), 10)
  end.writeUInt32LE(Math.min(length, MAX_32), 12)
  end.writeUInt32LE(Math.min(offset, MAX_32), 16)
  if (count < MAX_16 && length < MAX_32 && offset < MAX_32) return end

  const end64 = Buffer.alloc(76)
  end64.writeUInt32LE(0x06064b50, 0)
  writeUInt64(end64, 44, 4)
  end64.writeUInt16LE(MADE_BY, 12)
  end64.writeUInt16LE(VERSION_64, 14)
  writeUInt64(end64, count, 24)
  writeUInt64(end64, count, 32)
  writeUInt64(end64, length, 40)
  writeUInt64(end64, offset, 48)
  end64.writeUInt32LE(0x07064b50, 56)
  writeUInt64(end64, offset + length, 64)
  end64.writeUInt32LE(1, 72)
  return Buffer.concat([end64, end])
}

/** The numbers that do not fit into a header. */
function zip64Extra(numbers: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * numbers.length)
  extra.writeUInt16LE(1, 0)
  extra.writeUInt16LE(8 * numbers.length, 2)
  for (const [index, number] of numbers.entries()) writeUInt64(extra, number, 4 + 8 * index)
  return extra
}

const writeUInt64 = (buffer: Buffer, number: number, position: number) =>
  buffer.writeBigUInt64LE(BigInt(number), position)

/** The years that the format has. */
const FIRST_YEAR = 1980
const LAST_YEAR = 2107

/** A time of MS-DOS, which has every other second. */
function dosTime(time: number): number {
  const date = new Date(time)
  const year = date.getUTCFullYear()
  if (!(year >= FIRST_YEAR)) return dosTime(Date.UTC(FIRST_YEAR, 0, 1))
  if (year > LAST_YEAR) return dosTime(Date.UTC(LAST_YEAR, 11, 31))
  const day = ((year - FIRST_YEAR) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()
  const second =
    (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)
  return day * 2 ** 16 + second
}
