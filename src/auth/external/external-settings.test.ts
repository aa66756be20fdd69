import { describe, expect, it } from 'vitest'
import { checkExternal, type ExternalSettings, externalSettings } from './external-settings.ts'

const { authJwksUrl, authSecret, authAlgorithms, authPermissionsMap, authSignInUrl } =
  externalSettings

describe('VITRINE_AUTH_JWKS_URL', () => {
  it.each([
    'https://house.example/keys?version=1',
    'http://localhost:8080/keys',
    'http://127.1.2.3/keys',
    'http://[::1]:8080/',
  ])('can be %s', (text) => {
    expect(authJwksUrl.parse(text)).toBe(text)
  })

  it.each([
    'http://house.example/keys',
    'http://localhost.example/keys',
    'http://127.0.0.1.example/keys',
    'http://10.0.0.1/keys',
    'https://user:password@house.example/keys',
    'file:///keys',
    '/keys',
    'house.example',
  ])('cannot be %s', (text) => {
    expect(() => authJwksUrl.parse(text)).toThrow('https')
  })
})

describe('VITRINE_AUTH_SECRET', () => {
  it('has 32 bytes or more, and the error does not repeat it', () => {
    expect(authSecret.parse('äöüßéñçø'.repeat(2))).toBe('äöüßéñçø'.repeat(2))
    expect(() => authSecret.parse('s3cr3t')).toThrow(/^32 bytes or more, [a-z ]+$/)
    expect(authSecret.secret).toBe(true)
  })
})

describe('VITRINE_AUTH_ALGORITHMS', () => {
  it('is a list of algorithms', () => {
    expect(authAlgorithms.parse('RS256, ES256')).toEqual(['RS256', 'ES256'])
  })

  it.each(['none', 'RS256,none', 'rs256', 'RSA-OAEP', ',', 'toString'])('cannot be %s', (text) => {
    expect(() => authAlgorithms.parse(text)).toThrow('one or more of RS256, ')
  })
})

describe('VITRINE_AUTH_PERMISSIONS_MAP', () => {
  it('may map a name to several permissions', () => {
    const map = authPermissionsMap.parse('staff=view-media, staff=add-media,guest=view-media')
    expect(Object.fromEntries(map ?? [])).toEqual({
      staff: ['view-media', 'add-media'],
      guest: ['view-media'],
    })
  })

  it.each(['view-media', 'a=look', 'a=', '=view-media', 'a=session', 'a=public'])(
    'cannot be %s',
    (text) => {
      expect(() => authPermissionsMap.parse(text)).toThrow('entries like media:read=view-media')
    },
  )
})

describe('VITRINE_AUTH_SIGN_IN_URL', () => {
  it.each(['https://house.example/in?to=media', 'http://localhost:3000', '/sign-in', '/'])(
    'can be %s',
    (text) => {
      expect(authSignInUrl.parse(text)).toBe(text)
    },
  )

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    '//evil.example/',
    '/\\evil.example/',
    '/\t/evil.example/',
    'https://user@house.example/',
    'sign-in',
  ])('cannot be %j', (text) => {
    expect(() => authSignInUrl.parse(text)).toThrow('a URL of https or http')
  })
})

describe('the settings as a whole', () => {
  const issuer = { authIssuer: 'https://house.example', authAudience: 'media' }
  const check = (values: Partial<ExternalSettings>) =>
    checkExternal(
      { auth: 'external', ...issuer, ...values },
      (name) => name in { ...issuer, ...values },
    )
  const jwks = { authJwksUrl: 'https://house.example/keys' }
  const secret = { authSecret: 's'.repeat(32) }

  it('pass', () => {
    expect(check({ ...jwks, authAlgorithms: ['RS256', 'EdDSA'] })).toEqual([])
    expect(check({ ...secret, authAlgorithms: ['HS256'] })).toEqual([])
    expect(checkExternal({ auth: 'own' }, (name) => name === 'auth')).toEqual([])
  })

  it('keep secrets and public keys apart', () => {
    const apart = [expect.stringMatching(/^Either VITRINE_AUTH_JWKS_URL or VITRINE_AUTH_SECRET/)]
    expect(check({ authAlgorithms: ['RS256'] })).toEqual(apart)
    expect(check({ ...jwks, ...secret, authAlgorithms: [] })).toEqual(apart)
    expect(check({ ...jwks, authAlgorithms: ['RS256', 'HS256', 'HS384'] })).toEqual([
      'VITRINE_AUTH_ALGORITHMS has HS256, HS384, which VITRINE_AUTH_JWKS_URL has no keys for',
    ])
    expect(check({ ...secret, authAlgorithms: ['HS256', 'ES256'] })).toEqual([
      'VITRINE_AUTH_ALGORITHMS has ES256, which VITRINE_AUTH_SECRET is no key for',
    ])
  })

  it('have a secret that is long enough for every algorithm', () => {
    const [fault] = check({ ...secret, authAlgorithms: ['HS256', 'HS512'] })
    expect(fault).toBe(
      'VITRINE_AUTH_SECRET must be 64 bytes or more for the algorithms in VITRINE_AUTH_ALGORITHMS',
    )
    expect(fault).not.toContain('sss')
  })

  it('are not reported as missing if they are only invalid', () => {
    expect(checkExternal({ auth: 'external', ...jwks }, () => true)).toHaveLength(1)
    expect(checkExternal({ ...jwks }, () => true)).toEqual([])
  })
})
