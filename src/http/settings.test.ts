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

  it('take hosts from which images may be fetched, in the spelling of URLs', () => {
    const { parse } = httpSettings.fetchAllow
    expect(parse('NAS.lan, 10.0.0.5,fd00:0:0::1,[::1]')).toEqual([
      'nas.lan',
      '10.0.0.5',
      '[fd00::1]',
      '[::1]',
    ])
    for (const wrong of ['nas:8080', 'http://nas', '10.0.0.0/8', 'a b', '*']) {
      expect(() => parse(wrong)).toThrow('host names like')
    }
  })

  it('take an address to listen on, with brackets as in a URL or without', () => {
    const { parse } = httpSettings.host
    for (const [text, host] of [
      ...['127.0.0.1', '0.0.0.0', '::', '::1', 'fe80::1%eth0', 'localhost', 'media-1.example'].map(
        (same) => [same, same] as const,
      ),
      ['[::1]', '::1'] as const,
    ]) {
      expect(parse(text)).toBe(host)
    }
    for (const wrong of [
      ...['http://localhost', 'localhost:4545', '127.0.0.1:4545', '[::1]:4545', '[localhost]'],
      ...['[127.0.0.1]', '300.1.1.1', '127.0.0', '::1::', 'a host', '[', '-'],
    ]) {
      expect(() => parse(wrong)).toThrow('an address or a name of this machine')
    }
  })

  it('take a path under which a proxy shows the server', () => {
    const { parse } = httpSettings.basePath
    expect(['/', '/media-app/', '/media-app', '/a/b.c/~d_1/'].map(parse)).toEqual([
      '',
      '/media-app',
      '/media-app',
      '/a/b.c/~d_1',
    ])
    for (const wrong of [
      ...['media-app', 'media-app/', '//', '/a//b', '/a/../b', '/./', '/a b/', '/%61/', '/ä/'],
      ...['https://a.example/b/', '/a?b', '/a#b', '/a/*', '/:a', '\\\\a'],
    ]) {
      expect(() => parse(wrong)).toThrow('a path like /media-app/')
    }
  })

  it('take host names and addresses', () => {
    const { parse } = httpSettings.hosts
    expect(parse('Media.Example, photos, [FD00::1], fd00::2, 192.0.2.1')).toEqual([
      'media.example',
      'photos',
      '[fd00::1]',
      '[fd00::2]',
      '192.0.2.1',
    ])
    for (const wrong of ['media.example:80', 'https://media.example', '*', 'a b', '[a]']) {
      expect(() => parse(wrong)).toThrow('host names like media.example.com')
    }
  })

  it('take a token for metrics that fits into a header and cannot be guessed', () => {
    const { parse } = httpSettings.metricsToken
    expect(parse('abcdefghijklmnop')).toBe('abcdefghijklmnop')
    for (const wrong of ['short', 'with spaces in the middle', 'abcdefghijklmnopö']) {
      expect(() => parse(wrong)).toThrow('at least 16')
    }
  })
})
