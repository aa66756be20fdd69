import { createHmac } from 'node:crypto'
import { readSecret } from '../database/secrets.ts'
import type { Queries, VariantName } from '../database/tables.ts'

/**
 * The name of an image variant in its immutable URL. It is an HMAC-SHA256 of the original's hash, the
 * variant and the recipe's version, keyed with a secret of the library. So the URL is known before the
 * variant is rendered, and it changes when the recipe changes. Without the secret, an attacker cannot
 * test whether the library holds a certain file.
 *
 * @param secret secret of the library, at least 256 bits
 * @param sha256 hash of the original, hex
 * @param recipe recipe version of the file
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
