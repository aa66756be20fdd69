import { createHmac } from 'node:crypto'
import { readSecret } from '../database/secrets.ts'
import type { Queries, VariantName } from '../database/tables.ts'

/**
 * The digest of a file in immutable addresses. It is an HMAC-SHA256 of the original's hash, a variant and the recipe's
 * version, keyed with a secret of the library. So an address is known before its image is rendered, and it changes when
 * the recipe changes. Without the secret, an attacker cannot test whether the library holds a certain file.
 *
 * The digest for `scaled` is the key of all sizes. That for `high` is from the time when each variant had one.
 *
 * @param secret secret of the library, at least 256 bits
 * @param sha256 hash of the original, hex
 * @param recipe recipe version of the file
 * @returns 128 bits in base64url
 */
export const publicDigest = (
  secret: string,
  sha256: string,
  variant: VariantName,
  recipe: number,
): string => digest(secret, `${sha256} ${variant} ${recipe}`)

/**
 * The key of a file in the immutable addresses of an item with a focus. The focus decides what crops keep, so the key
 * changes with it.
 *
 * @param focus from 0 to 1, from the left and the top
 */
export const focusKey = (
  secret: string,
  sha256: string,
  focus: { x: number; y: number },
  recipe: number,
): string => digest(secret, `${sha256} focus ${focus.x},${focus.y} ${recipe}`)

const digest = (secret: string, text: string): string =>
  createHmac('sha256', Buffer.from(secret, 'base64url'))
    .update(text)
    .digest()
    .subarray(0, 16)
    .toString('base64url')

/** The secret that keys the digests of this library. */
export const readDeliverySecret = (db: Queries): Promise<string> => readSecret(db, 'delivery')

/** The library's own key of signed addresses. */
export const readSigningSecret = (db: Queries): Promise<string> => readSecret(db, 'signing')
