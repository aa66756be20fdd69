import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createBase64Decoder } from './base64.ts'

/** @param step characters in each piece */
function decode(text: string, step = text.length || 1) {
  const decoder = createBase64Decoder()
  const bytes: Buffer[] = []
  for (let at = 0; at < text.length; at += step)
    bytes.push(Buffer.from(decoder.write(text.slice(at, at + step))))
  bytes.push(decoder.end())
  return decoder.refusal ?? Buffer.concat(bytes).toString('hex')
}

describe('base64', () => {
  const bytes = randomBytes(1000)
  const hex = bytes.toString('hex')
  const standard = bytes.toString('base64')
  const lines = standard.replace(/.{76}/g, '$&\r\n')

  it.for([
    ['the standard alphabet', standard],
    ['the URL-safe alphabet, without padding', bytes.toString('base64url')],
    ['both alphabets', standard.slice(0, 500).replaceAll('+', '-') + standard.slice(500)],
    ['no padding', standard.replace(/=+$/, '')],
    ['lines', lines],
    ['white space anywhere', ` \t\r\n\f${standard.replace(/=/g, ' = ')}\n\n`],
    ['a data URL', `data:image/png;base64,${standard}`],
    ['a data URL with parameters, in capitals', `DATA:Image/PNG;a=b;c="d";BASE64 ,${standard}`],
    ['a data URL without a type', `data:;base64,${lines}`],
    ['a data URL after white space', `\n data:image/png;base64, ${standard}`],
  ] as const)('is read with %s, in pieces of any size', ([, text]) => {
    for (const step of [1, 2, 3, 5, 7, 64, text.length]) expect(decode(text, step)).toBe(hex)
  })

  it('is refused as a data URL whose head does not end', () => {
    const text = `data:${'x'.repeat(2000)};base64,QUJD`
    for (const step of [1, 500, text.length]) {
      expect(decode(text, step)).toBe('is a data URL without ";base64,"')
    }
  })

  it('is read for every length', () => {
    for (let length = 0; length < 20; length++) {
      const some = bytes.subarray(0, length)
      for (const text of [some.toString('base64'), some.toString('base64url')]) {
        for (const step of [1, 2, 3, 4, 5]) expect(decode(text, step)).toBe(some.toString('hex'))
      }
    }
  })

  it.for([
    ['QUJD!UJD', 'holds "!"'],
    ['QUJD%3D', 'holds "%"'],
    ['QUJD\\', 'holds "\\"'],
    ['QUJDé', 'holds a character outside of ASCII, or a control character'],
    ['\u2028', 'holds a character outside of ASCII, or a control character'],
    ['\u00a0QUJD', 'holds a character outside of ASCII, or a control character'],
    ['QUJD\0', 'holds a character outside of ASCII, or a control character'],
    ['QUI=QUI=', 'goes on after its padding'],
    ['QUI=Q', 'goes on after its padding'],
    ['QUI= Q', 'goes on after its padding'],
    ['QUI==', 'is padded wrongly'],
    ['QUJD=', 'is padded wrongly'],
    ['QUJD====', 'goes on after its padding'],
    ['QU=', 'is padded wrongly'],
    ['=', 'is padded wrongly'],
    ['Q', 'ends in the middle of a byte'],
    ['QUJDQ', 'ends in the middle of a byte'],
    ['data:image/png,QUJD', 'is a data URL without ";base64,"'],
    ['data:image/png;base64', 'is a data URL without ";base64,"'],
    ['data:', 'is a data URL without ";base64,"'],
    ['data:image/svg+xml;utf8,<svg/>', 'is a data URL without ";base64,"'],
    ['data:image/png;base64,data:image/png;base64,QUJD', 'holds ":"'],
    ['date', Buffer.from('date', 'base64').toString('hex')],
    ['data', Buffer.from('data', 'base64').toString('hex')],
  ] as const)('%j %s', ([text, outcome]) => {
    for (const step of [1, 2, 3, 4, text.length]) expect(decode(text, step)).toBe(outcome)
  })
})
