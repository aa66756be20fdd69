import { type FileHandle, open } from 'node:fs/promises'
import { fileTypeFromFile } from 'file-type'
import { ALL_FORMATS, FORMATS, type Format, namesOf } from '../formats.ts'
import { isoMediaKind } from './iso-media-kind.ts'
import { type Kind, kindBySignature } from './known-kinds.ts'
import { Refusal } from './tasks.ts'
import { textKind } from './text-kind.ts'
import { TIFF, tiffKind } from './tiff-kind.ts'

/** Enough for the declarations and comments before the first tag of a document. */
const BYTES_SNIFFED = 64 * 1024

/**
 * The refusal of a file that no decoder accepts. It says what the file is, and which formats are accepted.
 * @param formats those that are accepted
 */
export async function refusalOfUnknown(
  path: string,
  formats: readonly Format[],
  cause?: unknown,
): Promise<Refusal> {
  const kind = await identify(path)
  const accepted = formats.find((format) => FORMATS[format].type === kind?.type)
  const detail = accepted
    ? `The ${FORMATS[accepted].name} image cannot be read: it is damaged, cut short, or of a kind that is not supported.`
    : `The file is ${kind ? `${kind.name} (${kind.type})` : 'of no known format'}; ${namesOf(formats)} are accepted.`
  return new Refusal('content', detail, cause)
}

/** Whether a file that begins like a TIFF is a TIFF, and not the raw image of a camera. */
export async function isTiff(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    return (await tiffKind(file, await readStart(file))) === TIFF
  } finally {
    await file.close()
  }
}

/**
 * Identifies a file by its bytes. Formats with many kinds are identified by their content. The library
 * `file-type` identifies the rest: files that are not images and are seldom uploaded.
 */
async function identify(path: string): Promise<Kind | undefined> {
  const file = await open(path)
  try {
    const start = await readStart(file)
    return (
      isoMediaKind(start) ??
      (await tiffKind(file, start)) ??
      kindBySignature(start) ??
      textKind(start) ??
      (await kindByLibrary(path))
    )
  } finally {
    await file.close()
  }
}

async function kindByLibrary(path: string): Promise<Kind | undefined> {
  const found = await fileTypeFromFile(path).catch(() => undefined)
  if (!found) return undefined
  const type = found.mime === 'image/apng' ? FORMATS.png.type : found.mime
  // One that is off.
  const known = ALL_FORMATS.find((format) => FORMATS[format].type === type)
  const name = known
    ? `a ${FORMATS[known].name} image`
    : `a file of the kind ${found.ext.toUpperCase()}`
  return { name, type }
}

async function readStart(file: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read({
    buffer: Buffer.alloc(BYTES_SNIFFED),
    position: 0,
  })
  return buffer.subarray(0, bytesRead)
}
