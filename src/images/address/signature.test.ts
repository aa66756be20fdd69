import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseAddress } from './parse-address.ts'
import { printAddress, printUnsigned } from './print-address.ts'
import { type SigningKey, sign, signAddress, verify } from './signature.ts'

const KEY: SigningKey = { id: 'a1', secret: 'a secret of the harbour master' }
const OTHER: SigningKey = { id: 'b2', secret: 'another secret of his' }
const LIBRARY: SigningKey = { id: '0', secret: 'the own key of the library' }
const KEYS = [KEY, OTHER, LIBRARY]

const read = (text: string) => {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(`${text} has no extension`)
  return address
}
const verifies = (text: string, subject = '17', keys: readonly SigningKey[] = KEYS) =>
  verify(keys, subject, read(text))

describe('a signature', () => {
  const text = 'w_700,q_60.webp'
  const value = createHmac('sha256', 'a secret of the harbour master')
    .update('17/w_700,q_60.webp')
    .digest('base64url')
  const signed = `w_700,q_60,s_a1-${value}.webp`

  it('is an HMAC-SHA-256 over the subject and the canonical options, as the documentation says', () => {
    expect(value).toBe('L--kL59vxHRmUY6IyMs3h6JtHphLavCpV4hmjL2j3Ec')
    expect(sign(KEY, '17', text)).toBe(`a1-${value}`)
    expect(printAddress(signAddress(KEY, '17', read(text)))).toBe(signed)
    expect(printUnsigned(read(signed))).toBe(text)
  })

  it('is right for every spelling of the same', () => {
    expect(verifies(signed)).toBe(true)
    expect(verifies(`s_a1-${value},q_060,crop_0-0-100-100,w_0700.webp`)).toBe(true)
  })

  it('is right by every key, also for a preset, and for no options at all', () => {
    for (const key of KEYS) {
      for (const options of ['hero,v_3,q_50.webp', '.png', 'w_80.webp']) {
        expect(verify(KEYS, 'x_-9', signAddress(key, 'x_-9', read(options)))).toBe(true)
      }
    }
  })

  it.each([
    ['another subject', signed, '18'],
    ['another option', `w_701,q_60,s_a1-${value}.webp`],
    ['one option less', `w_700,s_a1-${value}.webp`],
    ['another format', `w_700,q_60,s_a1-${value}.jpg`],
    ['a preset', `hero,w_700,q_60,s_a1-${value}.webp`],
    ['the id of another key', `w_700,q_60,s_b2-${value}.webp`],
    ['the id of no key', `w_700,q_60,s_c-${value}.webp`],
    ['a shorter signature', `w_700,q_60,s_a1-${value.slice(0, -1)}.webp`],
    ['a longer signature', `w_700,q_60,s_a1-${value}A.webp`],
    ['no signature', text],
  ])('is wrong with %s', (_, address, subject = '17') => {
    expect(verifies(address, subject)).toBe(false)
  })

  it('has one spelling, although base64url has several for its bytes', () => {
    const last = value.at(-1) ?? ''
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const twin = value.slice(0, -1) + letters.charAt(letters.indexOf(last) + 1)
    expect(Buffer.from(twin, 'base64url')).toEqual(Buffer.from(value, 'base64url'))
    expect(verifies(`w_700,q_60,s_a1-${twin}.webp`)).toBe(false)
  })

  it('is wrong without its key', () => {
    expect(verifies(signed, '17', [OTHER])).toBe(false)
    expect(verifies(signed, '17', [])).toBe(false)
  })
})
