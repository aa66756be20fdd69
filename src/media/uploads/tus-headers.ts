import { isUtf8 } from 'node:buffer'
import { parametersInvalid, parametersMissing, quote } from '../../base/errors.ts'
import { readFileName } from '../members.ts'
import { nameOfFile } from '../name-of-file.ts'
import { readName, readTags } from '../parameters.ts'

/** The protocol: https://tus.io/protocols/resumable-upload */
export const TUS_VERSION = '1.0.0'
export const TUS_EXTENSIONS = 'creation,creation-with-upload,expiration,termination,checksum'

/** What an item gets from the metadata of its upload. */
export interface UploadFields {
  name: string
  tags: string[]
  fileName: string | null
}

type Header = string | string[] | undefined

/**
 * Reads `Upload-Length`.
 * @throws AppError 400
 */
export function readLength(header: Header): number {
  if (header === undefined) {
    throw parametersMissing('Upload-Length is missing; it must be known when an upload begins.')
  }
  const length = readCount('Upload-Length', header)
  if (length === 0) throw parametersInvalid('Upload-Length is 0; an image has at least one byte.')
  return length
}

/**
 * Reads `Upload-Offset`.
 * @throws AppError 400
 */
export function readOffset(header: Header): number {
  if (header === undefined) throw parametersMissing('Upload-Offset is missing.')
  return readCount('Upload-Offset', header)
}

function readCount(name: string, header: Header): number {
  const count = Number(header)
  if (/^\d{1,16}$/.test(String(header)) && Number.isSafeInteger(count)) return count
  throw parametersInvalid(`${name} is ${quote(header)}; it must be a number of bytes.`)
}

export interface Checksum {
  algorithm: string
  /** In base64. */
  digest: string
}

/** What the server computes. The protocol demands SHA-1. */
export const CHECKSUM_ALGORITHMS: readonly string[] = ['sha1', 'sha256', 'sha512']

/**
 * Reads `Upload-Checksum`.
 * @throws AppError 400
 */
export function readChecksum(header: Header): Checksum | undefined {
  if (header === undefined) return undefined
  const [algorithm = '', digest = '', ...rest] = String(header).split(' ')
  const isKnown = CHECKSUM_ALGORITHMS.includes(algorithm)
  if (isKnown && rest.length === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(digest)) {
    return { algorithm, digest }
  }
  throw parametersInvalid(
    `Upload-Checksum is ${quote(header)}; it must be one of ${CHECKSUM_ALGORITHMS.join(', ')}, ` +
      'a space, and the checksum in base64.',
  )
}

/**
 * Reads `Upload-Metadata`: `filename`, `name` and `tags`, in JSON or with commas. Other keys are ignored. Without a name,
 * or with that of the file, the item is named after the file without its extension: many clients send the file's name
 * as both.
 *
 * @throws AppError 400 like an add
 */
export function readMetadata(header: Header): UploadFields {
  const values = parseMetadata(header)
  const given = values.get('filename')
  const name = values.get('name')
  const isNamed = name !== undefined && name !== '' && name !== given
  if (!isNamed && !given) {
    throw parametersMissing('Upload-Metadata has neither name nor filename; give one of them.')
  }
  const fileName = readFileName(given)
  return {
    name: isNamed ? readName(name) : nameOfFile(fileName ?? ''),
    tags: readTagsOf(values.get('tags')),
    fileName,
  }
}

function readTagsOf(text = ''): string[] {
  if (text.trim() === '') return []
  if (!text.trimStart().startsWith('[')) return readTags(text)
  let tags: unknown
  try {
    tags = JSON.parse(text)
  } catch {
    throw parametersInvalid(`tags of Upload-Metadata is ${quote(text)}, which is not JSON.`)
  }
  return readTags(tags)
}

/** Pairs of a key and a value in base64, with commas between them. A value may be absent. */
function parseMetadata(header: Header): Map<string, string> {
  const values = new Map<string, string>()
  for (const pair of String(header ?? '').split(',')) {
    const [key = '', base64 = '', ...rest] = pair.trim().split(' ')
    if (key === '' && base64 === '') continue
    const bytes = Buffer.from(base64, 'base64')
    const isRight = rest.length === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(base64) && isUtf8(bytes)
    if (!isRight || values.has(key)) {
      throw parametersInvalid(
        `Upload-Metadata holds ${quote(pair)}; each pair must be a key of its own, a space, and ` +
          'the value in base64 of UTF-8.',
      )
    }
    values.set(key, bytes.toString())
  }
  return values
}
