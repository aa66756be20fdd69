import { describe, expect, it } from 'vitest'
import { httpSettings } from './settings.ts'

describe('settings', () => {
  it('take addresses and networks of proxies', () => {
    const { parse } = httpSettings.trustedProxies
    expect(parse('127.0.0.1, 10.0.0.0/8,::1,fd00::/8')).toEqual([
      '127.0.0.1',
      '10.0.0.0/8',
      '::1',
      'fd00::/8',
    ])
    for (const wrong of [
      'proxy',
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10.0.0.0/x',
      '::/129',
      'true',
      '1',
    ]) {
      expect(() => parse(wrong)).toThrow('IP addresses')
    }
  })

  it('take a token for metrics that can be sent and not be guessed', () => {
    const { parse } = httpSettings.metricsToken
    expect(parse('abcdefghijklmnop')).toBe('abcdefghijklmnop')
    for (const wrong of ['short', 'with spaces in the middle', 'abcdefghijklmnopö']) {
      expect(() => parse(wrong)).toThrow('at least 16')
    }
  })
})
