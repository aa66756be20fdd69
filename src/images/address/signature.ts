import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ImageAddress } from './options.ts'
import { printUnsigned } from './print-address.ts'

/** A key that signs addresses. Another program may hold it. */
export interface SigningKey {
  /** 1 to 16 lower-case letters or digits. `0` is the key of the library itself. */
  readonly id: string
  /** The text itself is the key of the HMAC, in UTF-8. */
  readonly secret: string
}

/**
 * Signs options for one image. The message is `<subject>/<options>`, such as `17/w_700,q_60.webp`, and the signature is its
 * HMAC-SHA-256 in base64url without padding.
 *
 * @param subject what comes before the options in the path: the id of the item, or the `<key>` of its immutable address
 * @param options canonical, with the extension, as `printUnsigned` gives them
 * @returns the value of `s`: `<id>-<signature>`
 */
export const sign = (key: SigningKey, subject: string, options: string): string =>
  `${key.id}-${digest(key, subject, options)}`

/** Signs an address. A signature that it has is replaced. */
export const signAddress = (
  key: SigningKey,
  subject: string,
  address: ImageAddress,
): ImageAddress => ({
  ...address,
  signature: { id: key.id, value: digest(key, subject, printUnsigned(address)) },
})

/**
 * Whether an address has a signature for this subject by one of the keys. Takes the same time for every wrong signature
 * of a known key.
 */
export function verify(
  keys: readonly SigningKey[],
  subject: string,
  address: ImageAddress,
): boolean {
  const { signature } = address
  const key = keys.find(({ id }) => id === signature?.id)
  if (signature === undefined || key === undefined) return false
  // The texts are compared, because base64url has several texts for the same bytes.
  const given = Buffer.from(signature.value)
  const right = Buffer.from(digest(key, subject, printUnsigned(address)))
  return given.length === right.length && timingSafeEqual(given, right)
}

const digest = ({ secret }: SigningKey, subject: string, options: string): string =>
  createHmac('sha256', secret).update(`${subject}/${options}`).digest('base64url')
