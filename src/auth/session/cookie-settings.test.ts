import { describe, expect, it } from 'vitest'
import { checkCookie, cookieSettings } from './cookie-settings.ts'

const { cookieName, cookieDomain } = cookieSettings

describe('VITRINE_COOKIE_NAME', () => {
  it.each([
    'refreshToken',
    'media-2',
    '__Host-media',
    '__Secure-media',
    '__Http-media',
    "a!#$%&'*+.^_`|~",
  ])('can be %s', (text) => {
    expect(cookieName.parse(text)).toBe(text)
  })

  it.each([
    'two words',
    'a=b',
    'a;b',
    'a,b',
    'a"b',
    'größe',
    'a\tb',
    'x'.repeat(65),
    '__Host-',
    '__host-media',
    '__SECURE-media',
    '__media',
  ])('cannot be %j', (text) => {
    expect(() => cookieName.parse(text)).toThrow('up to 64 letters')
  })
})

describe('VITRINE_COOKIE_DOMAIN', () => {
  it.each([
    ['example.com', 'example.com'],
    ['Media.Example.com', 'media.example.com'],
    ['example.co.uk', 'example.co.uk'],
    ['me.github.io', 'me.github.io'],
    ['house.internal', 'house.internal'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['www.ck', 'www.ck'],
  ])('can be %s', (text, domain) => {
    expect(cookieDomain.parse(text)).toBe(domain)
  })

  it.each([
    'com',
    'co.uk',
    'github.io',
    's3.amazonaws.com',
    'kawasaki.jp',
    'any.ck',
    'localhost',
    'internal',
  ])('cannot be the public suffix %s', (text) => {
    expect(() => cookieDomain.parse(text)).toThrow('is a public suffix')
  })

  it.each([
    '.example.com',
    'example.com.',
    'a..b',
    '127.0.0.1',
    '[::1]',
    '1.2.3.0x4',
    'https://example.com',
    'example.com:80',
    'example.com/a',
    'bücher.example',
    'a_b.example',
    '-a.example',
    'a.example; Path=/',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(130)}example`,
  ])('cannot be %j', (text) => {
    expect(() => cookieDomain.parse(text)).toThrow('a domain like example.com')
  })
})

describe('cookie name and domain', () => {
  it('are refused together if the name is for one host only', () => {
    const values = { cookieName: '__Host-media', cookieDomain: 'example.com' }
    expect(checkCookie(values)).toEqual([expect.stringContaining('__Host-media')])
    expect(checkCookie({ ...values, cookieName: '__Secure-media' })).toEqual([])
    expect(checkCookie({ cookieName: '__Host-media' })).toEqual([])
  })

  it('are refused together if an external service sets the cookie', () => {
    const values = { cookieName: 'a', cookieDomain: 'example.com', auth: 'external' } as const
    expect(checkCookie(values)).toEqual([expect.stringContaining('VITRINE_AUTH is external')])
    expect(checkCookie({ ...values, auth: 'own' })).toEqual([])
  })
})
