import { appendFile, copyFile, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from './tasks.ts'

/** Markers. Each follows a byte 0xff: ITU-T T.81, table B.1 */
const END_OF_IMAGE = 0xd9
const START_OF_SCAN = 0xda
const FIRST_RESTART = 0xd0
const LAST_RESTART = 0xd7
/** Markers of frames with coefficients in several scans. */
const PROGRESSIVE_FRAMES: readonly number[] = [0xc2, 0xc6, 0xca, 0xce]
/** Within the range of frame markers, these are not frames: two for tables, and a reserved one. */
const NO_FRAMES: readonly number[] = [0xc4, 0xc8, 0xcc]

/**
 * Passes a JPEG to `work`. If it ends too early, tries again with a copy that has an end marker. The decoder
 * reports the same error for every JPEG that ends too early. With an end marker, it reports whether data
 * before the marker is missing.
 *
 * @param work must throw a Refusal if the decoder does not accept the file
 */
export async function withJpegEnd<T>(
  { path, folder }: { path: string; folder: string },
  work: (path: string) => Promise<T>,
): Promise<T> {
  try {
    return await work(path)
  } catch (error) {
    if (!endsTooEarly(error)) throw error
    if (lacksScans(await readFile(path))) throw error
    const ended = join(folder, 'ended.jpg')
    try {
      await copyFile(path, ended)
      await appendFile(ended, Buffer.from([0xff, END_OF_IMAGE]))
      return await work(ended)
    } finally {
      await rm(ended, { force: true })
    }
  }
}

const endsTooEarly = (error: unknown) =>
  error instanceof Refusal && /premature end of JPEG image/.test(String(error.cause))

/**
 * Whether a JPEG ends before its last scan. Then some of its components, or some precision of their
 * coefficients, are missing.
 */
export function lacksScans(jpeg: Uint8Array): boolean {
  /** By component: for each coefficient, the number of low bits that have not arrived yet. */
  const missing = new Map<number, Uint8Array>()
  let isProgressive = false
  for (const { marker, content } of segmentsOf(jpeg)) {
    if (marker === START_OF_SCAN) {
      const count = content[0] ?? 0
      const [first = 0, last = 0, approximation = 0] = content.subarray(1 + 2 * count)
      for (let index = 0; index < count; index++) {
        const bits = missing.get(content[1 + 2 * index] ?? -1)
        if (isProgressive) bits?.fill(approximation & 15, first, last + 1)
        else bits?.fill(0)
      }
    } else if (marker >= 0xc0 && marker <= 0xcf && !NO_FRAMES.includes(marker)) {
      isProgressive = PROGRESSIVE_FRAMES.includes(marker)
      for (let at = 6; at + 2 < content.length; at += 3) {
        missing.set(content[at] ?? -1, new Uint8Array(64).fill(16))
      }
    }
  }
  return missing.size === 0 || [...missing.values()].some((bits) => bits.some((left) => left > 0))
}

/** The segments with content, in order. Bytes between them are skipped. */
function* segmentsOf(jpeg: Uint8Array): Generator<{ marker: number; content: Uint8Array }> {
  for (let at = jpeg.indexOf(0xff, 2); at !== -1; at = jpeg.indexOf(0xff, at)) {
    const marker = jpeg[at + 1]
    if (marker === undefined || marker === END_OF_IMAGE) return
    if (marker === 0xff) {
      // A fill byte.
      at += 1
    } else if (marker <= 1 || (marker >= FIRST_RESTART && marker <= LAST_RESTART)) {
      at += 2
    } else {
      const length = ((jpeg[at + 2] ?? 0) << 8) | (jpeg[at + 3] ?? 0)
      const end = at + 2 + Math.max(length, 2)
      if (end > jpeg.length) return
      yield { marker, content: jpeg.subarray(at + 4, end) }
      at = end
    }
  }
}
