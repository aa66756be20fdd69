import { describe, expect, it } from 'vitest'
import {
  checkPassword,
  decoyHash,
  generatePassword,
  hashPassword,
  isOutdated,
  verifyPassword,
} from './passwords.ts'

describe('hashing', () => {
  it('makes Argon2id hashes of at least 19 MiB and two passes, salted', async () => {
    const hashes = await Promise.all([hashPassword('pass word'), hashPassword('pass word')])
    expect(hashes[0]).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(hashes[0]).not.toBe(hashes[1])
  })

  it('tells the right password from a wrong one', async () => {
    const stored = await hashPassword('correct horse')
    expect(await verifyPassword('correct horse', stored)).toBe(true)
    expect(await verifyPassword('correct hors', stored)).toBe(false)
  })

  it('verifies a hash of the reference implementation with the parameters of that hash', async () => {
    const stored =
      '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    expect(await verifyPassword('password', stored)).toBe(true)
  })

  it('treats composed and decomposed accents as the same password', async () => {
    const stored = await hashPassword('caf\u00e9 au lait')
    expect(await verifyPassword('cafe\u0301 au lait', stored)).toBe(true)
  })

  it('matches no password with the decoy, and recognises an outdated hash', async () => {
    expect(await verifyPassword('', decoyHash())).toBe(false)
    expect(isOutdated(decoyHash())).toBe(false)
    expect(isOutdated(decoyHash().replace('m=19456', 'm=19455'))).toBe(true)
    expect(isOutdated(decoyHash().replace('t=2', 't=1'))).toBe(true)
    expect(isOutdated(decoyHash().replace('t=2', 't=3'))).toBe(false)
  })
})

describe('checkPassword', () => {
  it.each(['12345678', 'pässwörd', '😀😀😀😀😀😀😀😀', 'x'.repeat(1024)])(
    'accepts %s',
    (password) => {
      expect(() => checkPassword(password)).not.toThrow()
    },
  )

  it.each([
    ['1234567', 'has 7 characters'],
    ['', 'is blank'],
    ['         ', 'is blank'],
    ['x'.repeat(1025), 'has 1025 characters'],
    ['😀😀😀😀', 'has 4 characters'],
    ['password\ud800', 'half of a surrogate pair'],
  ])('refuses %.20s', (password, reason) => {
    expect(() => checkPassword(password)).toThrow(
      expect.objectContaining({ status: 400, detail: expect.stringContaining(reason) }),
    )
  })
})

describe('generatePassword', () => {
  it('makes good passwords without characters that look alike', () => {
    const passwords = Array.from({ length: 200 }, generatePassword)
    expect(new Set(passwords).size).toBe(200)
    for (const password of passwords) {
      expect(password).toMatch(/^([a-km-np-z2-9]{6}-){3}[a-km-np-z2-9]{6}$/)
      expect(() => checkPassword(password)).not.toThrow()
    }
  })
})
