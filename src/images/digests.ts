import { createHmac } from 'node:crypto'
import { readSecret } from '../database/secrets.ts'
import type { Queries, VariantName } from '../database/tables.ts'

/**
 * Names an image variant in its immutable URL: an HMAC-SHA256, with a secret of the library, of the
 * original's hash, the variant and the recipe's version. So the URL is known before the variant is
 * rendered, changes when the recipe does, and tells nobody whether the library holds a known file.
 *
 * @param secret of the library, at least 256 bits
 * @param sha256 of the original, hex
 * @param recipe that the file is of
 * @returns 128 bits in base64url
 */
export function publicDigest(
  secret: string,
  sha256: string,
  variant: VariantName,
  recipe: number,
): string {
  return createHmac('sha256', Buffer.from(secret, 'base64url'))
    .update(`${sha256} ${variant} ${recipe}`)
    .digest()
    .subarray(0, 16)
    .toString('base64url')
}

/** The secret that keys the digests of this library. */
export const readDeliverySecret = (db: Queries): Promise<string> => readSecret(db, 'delivery')
