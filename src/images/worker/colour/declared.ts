import { type FileHandle, open } from 'node:fs/promises'
import type { Format } from '../../formats.ts'
import type { Colour } from './code-points.ts'
import { readHeifColour } from './heif.ts'
import type { ReadAt } from './heif-boxes.ts'
import { readPngColour } from './png.ts'

/** What a file says of its pixels by other means than an ICC profile. */
export interface Declared {
  /** If they must be converted; it overrules a profile beside it. */
  colour?: Colour | undefined
  /** Black and white are not the least and the largest value, and the decoder leaves it so. */
  isGrayLimited?: boolean
  isAlphaLimited?: boolean
}

/** A few reads of the head of the file, for the formats alone that can declare any. */
export async function readDeclared(path: string, format: Format): Promise<Declared> {
  if (format !== 'png' && format !== 'avif') return {}
  const file = await open(path)
  try {
    return await (format === 'png' ? readPngColour : readHeifColour)(readerOf(file))
  } finally {
    await file.close()
  }
}

const readerOf =
  (file: FileHandle): ReadAt =>
  async (position, length) => {
    // A file may claim any size for what comes before.
    if (!Number.isSafeInteger(position)) return Buffer.alloc(0)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
    return buffer.subarray(0, bytesRead)
  }
