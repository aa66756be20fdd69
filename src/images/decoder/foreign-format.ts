import { open } from 'node:fs/promises'
import { HEIF, isoMediaKind } from '../worker/iso-media-kind.ts'
import { kindBySignature } from '../worker/known-kinds.ts'
import { textKind } from '../worker/text-kind.ts'
import type { ForeignFormat } from './protocol.ts'

/** As many as a drawing may have in front of its first element. */
const BYTES_SNIFFED = 64 * 1024

/** First bytes, in Latin-1, of what libvips decodes. */
const NATIVE = ['\xff\xd8\xff', '\x89PNG', 'RIFF', 'GIF8', 'II*\0', 'MM\0*', 'II+\0', 'MM\0+']
const NATIVE_BYTES = 4

/** The format of a file if libvips does not decode it in the image processes. The bytes decide, and none is decoded. */
export async function findForeignFormat(path: string): Promise<ForeignFormat | undefined> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(NATIVE_BYTES), 0, NATIVE_BYTES, 0)
    const first = buffer.toString('latin1', 0, bytesRead)
    if (NATIVE.some((signature) => first.startsWith(signature))) return undefined
    const start = await file.read(Buffer.alloc(BYTES_SNIFFED), 0, BYTES_SNIFFED, 0)
    return foreignFormatOf(start.buffer.subarray(0, start.bytesRead))
  } finally {
    await file.close()
  }
}

/** By MIME type of a kind. An AVIF that is no sequence is decoded by libvips. */
const BY_TYPE: Readonly<Record<string, ForeignFormat>> = {
  'image/avif-sequence': 'avif',
  'image/heic': 'heic',
  'image/heic-sequence': 'heic',
  'image/bmp': 'bmp',
  'image/jxl': 'jxl',
  'image/svg+xml': 'svg',
}

function foreignFormatOf(start: Buffer): ForeignFormat | undefined {
  const kind = isoMediaKind(start) ?? kindBySignature(start) ?? textKind(start)
  // Nothing in front of the pictures says how they are compressed.
  if (kind === HEIF) return 'heic'
  return kind && BY_TYPE[kind.type]
}
