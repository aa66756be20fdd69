/** Letters and digits that nobody takes for another when a password is read aloud. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'
const CHARACTERS = 24

/** A password of 120 random bits, in groups of six. */
export function generatePassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(CHARACTERS))
  const characters = Array.from(bytes, (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('')
  return characters.replace(/.{6}(?!$)/g, '$&-')
}
