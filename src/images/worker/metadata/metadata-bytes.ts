import { open } from 'node:fs/promises'
import type { Format } from '../../formats.ts'

const MEBIBYTE = 1024 * 1024

/** The metadata of a JPEG are in front of its pixels. A profile, a preview or a depth map may be in front of them. */
const JPEG_BYTES = MEBIBYTE

/** A BMP holds no metadata, and what a drawing holds is not read. */
const WITHOUT: readonly Format[] = ['bmp', 'svg']

/** Formats in the container of HEIF. The reader of metadata accepts some of its brands, but not those of animations. */
const HEIF: readonly Format[] = ['avif', 'heic']
const BRAND_AT = 8

/** Metadata of the other formats may be anywhere. Those of a larger file are not read. */
const MAX_BYTES = 256 * MEBIBYTE

/**
 * Reads the part of a file that its metadata are in.
 * @returns no bytes if the file has none; undefined if it is too large
 */
export async function readMetadataBytes(
  path: string,
  format: Format,
): Promise<ArrayBuffer | undefined> {
  if (WITHOUT.includes(format)) return new ArrayBuffer(0)
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (format !== 'jpeg' && size > MAX_BYTES) return undefined
    // Memory of its own: the reader of metadata takes a whole ArrayBuffer.
    const bytes = Buffer.allocUnsafeSlow(format === 'jpeg' ? Math.min(size, JPEG_BYTES) : size)
    let length = 0
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    const read = bytes.subarray(0, length)
    if (HEIF.includes(format) && length >= BRAND_AT + 4) read.write('avif', BRAND_AT, 'latin1')
    const part = format === 'gif' ? findGifXmp(read) : read
    return part.length === bytes.length ? bytes.buffer : Uint8Array.from(part).buffer
  } finally {
    await file.close()
  }
}

/** The name of the extension in which a GIF has XMP. The packet follows it as it is, not in blocks. */
const GIF_XMP = Buffer.from('\x21\xff\x0bXMP DataXMP', 'latin1')
const PACKET_START = '<?xpacket begin'
const PACKET_END = '<?xpacket end'

/** The XMP packet of a GIF: a document that the reader of metadata takes for itself. */
function findGifXmp(bytes: Buffer): Buffer {
  const at = bytes.indexOf(GIF_XMP)
  const start = at < 0 ? -1 : bytes.indexOf(PACKET_START, at, 'latin1')
  const end = start < 0 ? -1 : bytes.indexOf(PACKET_END, start, 'latin1')
  const close = end < 0 ? -1 : bytes.indexOf('>', end, 'latin1')
  return close < 0 ? Buffer.alloc(0) : bytes.subarray(start, close + 1)
}
