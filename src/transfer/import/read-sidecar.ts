import { open } from 'node:fs/promises'
import { isRefusal } from '../../images/images.ts'
import type { Library } from '../../media/library.ts'
import { fitMetadata, type Said } from '../../media/said.ts'

/** Longer XMP is not parsed in images either. */
const MAX_BYTES = 512 * 1024

/** What a sidecar says, or why that is not known. */
export type Sidecar = { said: Said } | { fault: string }

/**
 * Reads the XMP sidecar of an image.
 * @param imagePath a copy of the image
 */
export async function readSidecar(
  { images }: Library,
  path: Buffer,
  imagePath: string,
): Promise<Sidecar> {
  const text = await readText(path).catch((error: Error) => error)
  if (text instanceof Error) return { fault: text.message }
  try {
    return { said: fitMetadata(await images.readSidecar(imagePath, text)) }
  } catch (error) {
    if (!isRefusal(error)) throw error
    return { fault: error.detail ?? error.message }
  }
}

async function readText(path: Buffer): Promise<string> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const bytes = Buffer.alloc(Math.min(size, MAX_BYTES + 1))
    let length = 0
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    if (length > MAX_BYTES) throw new Error(`It has ${size} bytes; at most ${MAX_BYTES} are read.`)
    return decode(bytes.subarray(0, length))
  } finally {
    await file.close()
  }
}

/** XMP is UTF-8, or UTF-16 with a byte order mark: XMP Specification Part 1, 7.3 and 9. */
function decode(bytes: Buffer): string {
  const mark = bytes.toString('latin1', 0, 2)
  const encoding = mark === '\xff\xfe' ? 'utf-16le' : mark === '\xfe\xff' ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw new Error('It is no text in UTF-8.')
  }
}
