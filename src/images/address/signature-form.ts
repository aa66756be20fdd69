import type { ImageAddress } from './options.ts'
import { wrongValue } from './parse-options.ts'

/** Completes "must be …". */
export const RIGHT_KEY_ID = '1 to 16 lower-case letters or digits'

export const isKeyId = (text: string): boolean => /^[a-z\d]{1,16}$/.test(text)

/**
 * Reads `<id>-<signature>`. A signature may have any length here: what is not the right one is wrong, and not malformed.
 * @throws AppError 400 "Invalid parameters"
 */
export function readSignature(text: string | undefined): ImageAddress['signature'] {
  if (text === undefined) return undefined
  const end = text.indexOf('-')
  const id = text.slice(0, Math.max(end, 0))
  const value = text.slice(end + 1)
  if (isKeyId(id) && /^[\w-]+$/.test(value)) return { id, value }
  throw wrongValue(
    's',
    text,
    `<id>-<signature>, the id of a key (${RIGHT_KEY_ID}) and a signature in base64url`,
  )
}
