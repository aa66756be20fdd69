/** 32 letters and digits without those that are easily confused (0 and o, 1 and l). */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'
const CHARACTERS = 24

/** Generates a password of 120 random bits, in groups of six characters. */
export function generatePassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(CHARACTERS))
  const characters = Array.from(bytes, (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('')
  return characters.replace(/.{6}(?!$)/g, '$&-')
}
