/** Splits image files into their pieces, so that tests can put them together wrongly. */
import { crc32 } from 'node:zlib'

/** `plain` stands for formats whose parts have no order of their own: files of them are cut into equal pieces. */
export type Container = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'plain'

/** Where a piece has its length: offset and number of bytes; little-endian in WebP. */
const LENGTHS: Record<
  Container,
  { at: number; bytes: number; littleEndian?: boolean } | undefined
> = {
  jpeg: { at: 2, bytes: 2 },
  png: { at: 0, bytes: 4 },
  webp: { at: 4, bytes: 4, littleEndian: true },
  // GIF blocks have a length in each of their parts.
  gif: undefined,
  // HEIC too.
  avif: { at: 0, bytes: 4 },
  plain: undefined,
}

/** Splits a whole, valid file. The pieces together are the file. */
export function split(container: Container, file: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  let at = 0
  while (at < file.length) {
    const length = lengthOf(container, file, at)
    pieces.push(file.subarray(at, at + length))
    at += length
  }
  return pieces
}

function lengthOf(container: Container, file: Buffer, at: number): number {
  switch (container) {
    case 'png':
      return at === 0 ? 8 : 12 + file.readUInt32BE(at)
    case 'webp': {
      if (at === 0) return 12
      const size = file.readUInt32LE(at + 4)
      return 8 + size + (size % 2)
    }
    case 'avif':
      return file.readUInt32BE(at) || file.length - at
    case 'jpeg':
      return lengthInJpeg(file, at)
    case 'gif':
      return lengthInGif(file, at)
    case 'plain':
      return Math.ceil(file.length / 16)
  }
}

const START_OF_IMAGE = 0xd8
const END_OF_IMAGE = 0xd9
const START_OF_SCAN = 0xda

/** Length of a segment, including the scan data that follows the start of a scan. */
function lengthInJpeg(file: Buffer, at: number): number {
  const marker = file.readUInt8(at + 1)
  if (marker === START_OF_IMAGE || marker === END_OF_IMAGE) return 2
  let end = at + 2 + file.readUInt16BE(at + 2)
  if (marker !== START_OF_SCAN) return end - at
  // Stuffed bytes and restart markers belong to the data.
  for (; end < file.length - 1; end++) {
    const next = file.readUInt8(end + 1)
    if (file.readUInt8(end) === 0xff && next !== 0 && (next < 0xd0 || next > 0xd7)) break
  }
  return end - at
}

const EXTENSION = 0x21
const IMAGE = 0x2c

function lengthInGif(file: Buffer, at: number): number {
  const tableSize = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  if (at === 0) return 13 + tableSize(file.readUInt8(10))
  const kind = file.readUInt8(at)
  if (kind !== EXTENSION && kind !== IMAGE) return 1
  let end = at + (kind === EXTENSION ? 2 : 11 + tableSize(file.readUInt8(at + 9)))
  while (file.readUInt8(end) !== 0) end += 1 + file.readUInt8(end)
  return end + 1 - at
}

/** The same piece with another length in its header. */
export function lieAboutLength(container: Container, piece: Buffer, length: number): Buffer {
  const field = LENGTHS[container]
  if (!field || piece.length < field.at + field.bytes) return piece
  const lying = Buffer.from(piece)
  const value = length % 2 ** (8 * field.bytes)
  if (field.littleEndian) lying.writeUIntLE(value, field.at, field.bytes)
  else lying.writeUIntBE(value, field.at, field.bytes)
  return lying
}

/** Recomputes the checksum, so that a changed chunk reaches the decoder. */
export function mendChecksum(chunk: Buffer): Buffer {
  if (chunk.length < 12) return chunk
  const mended = Buffer.from(chunk)
  mended.writeUInt32BE(crc32(mended.subarray(4, -4)), mended.length - 4)
  return mended
}

/** A PNG chunk. */
export function pngChunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(data.length, 0)
  head.write(type, 4, 'latin1')
  return mendChecksum(Buffer.concat([head, data, Buffer.alloc(4)]))
}

/** A WebP chunk. */
export function riffChunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.write(type, 0, 'latin1')
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
}

/** A WebP file of these chunks, with the right length in its header. */
export function riffFile(chunks: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from('WEBP', 'latin1'), ...chunks])
  const head = Buffer.alloc(8)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(body.length, 4)
  return Buffer.concat([head, body])
}

/** A JPEG segment; at most 65533 bytes of data. */
export function jpegSegment(marker: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(data.length + 2, 2)
  return Buffer.concat([head, data])
}
