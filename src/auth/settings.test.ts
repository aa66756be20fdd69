import { describe, expect, it } from 'vitest'
import { authSettings } from './settings.ts'

describe('VITRINE_ALLOWED_ORIGINS', () => {
  const { parse } = authSettings.allowedOrigins

  it('is a list of origins', () => {
    expect(parse('https://admin.example.com, http://localhost:8080')).toEqual([
      'https://admin.example.com',
      'http://localhost:8080',
    ])
    expect(parse('http://[::1]:8080')).toEqual(['http://[::1]:8080'])
    expect(parse('')).toEqual([])
  })

  it.each([
    '*',
    'null',
    'example.com',
    'https://example.com/',
    'https://example.com:443',
    'https://EXAMPLE.com',
    'https://user@example.com',
    'https://example.com/path',
    'ftp://example.com',
    'file:///',
  ])('cannot be %s', (text) => {
    expect(() => parse(text)).toThrow('origins like')
  })
})

describe('VITRINE_ADMIN_PASSWORD', () => {
  it('obeys the rule for passwords, and the error does not repeat the password', () => {
    expect(authSettings.adminPassword.parse('long enough')).toBe('long enough')
    expect(() => authSettings.adminPassword.parse('secret!')).toThrow(
      /^a good password: it needs 8 to 1024 characters, not only spaces$/,
    )
  })
})
