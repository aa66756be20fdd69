import { open } from 'node:fs/promises'
import { fileTypeFromFile } from 'file-type'
import { ACCEPTED, FORMATS } from './formats.ts'
import { Refusal } from './refusal.ts'

/** Enough for what comes before the first tag of a document: declarations, comments. */
const BYTES_SNIFFED = 4096

/** The refusal of a file that no accepted decoder takes: says what it is, and what it should be. */
export async function refusalOfUnknown(path: string, cause?: unknown): Promise<Refusal> {
  const type = await identify(path)
  const accepted = Object.values(FORMATS).find((format) => format.type === type)
  if (type === ANIMATED_AVIF) {
    const detail = `The file is an animated AVIF (${type}), which cannot be decoded; of AVIF, still images are accepted.`
    return new Refusal('content', detail, cause)
  }
  const detail = accepted
    ? `The ${accepted.name} image cannot be read: it is damaged, cut short, or of a kind that is not supported.`
    : `The file is ${type ? `of the type ${type}` : 'of no known format'}; ${ACCEPTED}.`
  return new Refusal('content', detail, cause)
}

const ANIMATED_AVIF = 'image/avif-sequence'

/** The MIME type by the bytes, if there is one for them. */
async function identify(path: string): Promise<string | undefined> {
  const start = await readStart(path)
  if (start.toString('latin1', 4, 12) === 'ftypavis') return ANIMATED_AVIF
  const binary = await fileTypeFromFile(path).catch(() => undefined)
  if (binary?.mime === 'image/apng') return FORMATS.png.type
  if (binary && binary.mime !== 'application/xml') return binary.mime
  const text = decodeText(start)
  if (text === undefined) return undefined
  // Of formats that are text, file-type knows XML at most.
  if (/<svg[\s>]/i.test(text)) return 'image/svg+xml'
  if (/<!doctype html|<html[\s>]/i.test(text)) return 'text/html'
  return binary?.mime ?? 'text/plain'
}

async function readStart(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(BYTES_SNIFFED) })
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** UTF-8 without control characters but white space; undefined if it is none. */
function decodeText(bytes: Buffer): string | undefined {
  try {
    // Streaming, because the last character may be cut.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return /[^\P{Cc}\s]/u.test(text) ? undefined : text
  } catch {
    return undefined
  }
}
