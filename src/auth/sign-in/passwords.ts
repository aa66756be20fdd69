import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { AppError } from '../../base/errors.ts'

const MIN_LENGTH = 8
/** Prevents the hashing of megabytes. No typed password is longer. */
const MAX_LENGTH = 1024

/** OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 }
const SALT_BYTES = 16
const HASH_BYTES = 32
/** Highest accepted cost of an imported hash, with room for the usual costs of the future. */
const MAX_COST = { memory: 1_048_576, passes: 64, parallelism: 64 }
const MAX_HASH_LENGTH = 512

const derive = promisify(argon2)

interface PasswordHash {
  /** KiB */
  memory: number
  passes: number
  parallelism: number
  salt: Buffer
  hash: Buffer
}

/**
 * Checks a new password. Only its length in Unicode code points counts; there are no composition rules
 * (NIST SP 800-63B).
 *
 * @throws AppError 400 "Invalid parameters"
 */
export function checkPassword(password: string): void {
  const length = [...normalize(password)].length
  if (!password.isWellFormed()) throw invalidPassword('holds half of a surrogate pair')
  if (password.trim() === '') throw invalidPassword('is blank')
  if (length < MIN_LENGTH || length > MAX_LENGTH) {
    throw invalidPassword(`has ${length} character${length === 1 ? '' : 's'}`)
  }
}

const invalidPassword = (fault: string) =>
  new AppError('password-invalid', 400, 'Invalid parameters', {
    detail: `The password ${fault}; ${passwordRule}.`,
  })

export const passwordRule = `it needs ${MIN_LENGTH} to ${MAX_LENGTH} characters, not only spaces`

/**
 * Hashes a password with Argon2id (RFC 9106).
 *
 * @returns the PHC string, `$argon2id$v=19$m=…,t=…,p=…$salt$hash`
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await compute(password, { ...COST, salt, hash: Buffer.alloc(HASH_BYTES) })
  return format({ ...COST, salt, hash })
}

/**
 * Hashes the password with the parameters of the stored hash, and compares in constant time.
 *
 * @param stored PHC string
 */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const expected = parse(stored)
  return timingSafeEqual(await compute(password, expected), expected.hash)
}

/** Whether the hash has a lower cost than a new one would have. */
export function isOutdated(stored: string): boolean {
  const { memory, passes } = parse(stored)
  return memory < COST.memory || passes < COST.passes
}

/**
 * Whether a value is a PHC string that a password can be verified against (RFC 9106, section 3.1), at a cost of
 * at most `MAX_COST`.
 */
export function isPasswordHash(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_HASH_LENGTH) return false
  const parsed = tryParse(value)
  if (parsed === undefined) return false
  const { memory, passes, parallelism, salt, hash } = parsed
  return (
    passes >= 1 &&
    passes <= MAX_COST.passes &&
    parallelism >= 1 &&
    parallelism <= MAX_COST.parallelism &&
    memory >= 8 * parallelism &&
    memory <= MAX_COST.memory &&
    salt.length >= 8 &&
    hash.length >= 16
  )
}

/** A hash that no password matches. Verifying against it costs as much as against a real hash. */
export const decoyHash = (): string =>
  format({ ...COST, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) })

/** A password that is easy to read aloud and to type: 24 characters from an alphabet of 32, 120 bits. */
export function generatePassword(): string {
  // Without l, o, 0 and 1. Its 32 characters are equally likely, because each takes five bits of a byte.
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'
  const characters = Array.from(randomBytes(24), (byte) => alphabet.charAt(byte % 32)).join('')
  return characters.replace(/.{6}(?!$)/g, '$&-')
}

const compute = (password: string, { memory, passes, parallelism, salt, hash }: PasswordHash) =>
  derive('argon2id', {
    message: normalize(password),
    nonce: salt,
    memory,
    passes,
    parallelism,
    tagLength: hash.length,
  })

/** Makes composed and decomposed accents the same password (RFC 8265, OpaqueString). */
const normalize = (password: string) => password.normalize('NFC')

/** https://github.com/P-H-C/phc-string-format */
const format = ({ memory, passes, parallelism, salt, hash }: PasswordHash) =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`

function parse(stored: string): PasswordHash {
  const parsed = tryParse(stored)
  if (!parsed) throw new Error('A stored password hash is no Argon2id PHC string.')
  return parsed
}

function tryParse(stored: string): PasswordHash | undefined {
  const { memory, passes, parallelism, salt, hash } =
    /^\$argon2id\$v=19\$m=(?<memory>\d+),t=(?<passes>\d+),p=(?<parallelism>\d+)\$(?<salt>[\w+/]+)\$(?<hash>[\w+/]+)$/.exec(
      stored,
    )?.groups ?? {}
  if (!salt || !hash) return undefined
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

const unpadded = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
