import { type FileHandle, open } from 'node:fs/promises'
import type { Format } from '../../formats.ts'
import type { Declared } from './code-points.ts'
import { readHeifColour } from './heif.ts'
import type { ReadAt } from './heif-boxes.ts'
import { readPngColour } from './png.ts'

const READERS: Readonly<Partial<Record<Format, (readAt: ReadAt) => Promise<Declared>>>> = {
  png: readPngColour,
  avif: readHeifColour,
  heic: readHeifColour,
}

/** Reads the first bytes of the file, only for formats that can declare a colour. */
export async function readDeclared(path: string, format: Format): Promise<Declared> {
  const read = READERS[format]
  if (!read) return {}
  const file = await open(path)
  try {
    return await read(readerOf(file))
  } finally {
    await file.close()
  }
}

const readerOf =
  (file: FileHandle): ReadAt =>
  async (position, length) => {
    // A file can claim any size for preceding data, so the position can be too large.
    if (!Number.isSafeInteger(position)) return Buffer.alloc(0)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
    return buffer.subarray(0, bytesRead)
  }
