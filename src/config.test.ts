import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ConfigError, findUnknownVariables, flagOf, readConfig, settings } from './config.ts'

const faultsOf = (...args: Parameters<typeof readConfig>) => {
  try {
    readConfig(...args)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

describe('the configuration', () => {
  it('has the documented defaults', () => {
    expect(readConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 4545,
      api: true,
      fileService: true,
      delivery: 'public',
      maxImageBytes: 64 * 1024 * 1024,
      maxImagePixels: 100_000_000,
      trustedProxies: [],
      allowedOrigins: [],
    })
  })

  it('takes a flag before its variable', () => {
    expect(readConfig({ VITRINE_PORT: '1' }, { '--port': '2' }).port).toBe(2)
  })

  it('names every fault at once, with the value and what would be right', () => {
    const faults = faultsOf(
      { VITRINE_PORT: 'http', VITRINE_API: 'yes', VITRINE_DATA: '' },
      { '--delivery': 'open' },
    )
    expect(faults).toEqual([
      'VITRINE_PORT is "http"; must be a whole number from 0 to 65535',
      'VITRINE_DATA is ""; must be a value, or not set at all',
      'VITRINE_API is "yes"; must be true or false',
      '--delivery is "open"; must be one of public, private, off',
    ])
  })

  it('names what is missing or too much for accounts of another service, with all else', () => {
    expect(faultsOf({ VITRINE_AUTH: 'external', VITRINE_PORT: 'http' })).toEqual([
      'VITRINE_PORT is "http"; must be a whole number from 0 to 65535',
      'VITRINE_AUTH_ISSUER must be set, because VITRINE_AUTH is external',
      'VITRINE_AUTH_AUDIENCE must be set, because VITRINE_AUTH is external',
      'VITRINE_AUTH_ALGORITHMS must be set, because VITRINE_AUTH is external',
      'Either VITRINE_AUTH_JWKS_URL or VITRINE_AUTH_SECRET must be set, and not both, because VITRINE_AUTH is external',
    ])
    expect(faultsOf({ VITRINE_AUTH_ISSUER: 'https://house.example' })).toEqual([
      'VITRINE_AUTH_ISSUER must not be set unless VITRINE_AUTH is external',
    ])
    expect(
      readConfig(
        {
          VITRINE_AUTH: 'external',
          VITRINE_AUTH_ISSUER: 'https://house.example',
          VITRINE_AUTH_SECRET: 'a secret of thirty-two bytes, all told',
        },
        { '--auth-audience': 'media', '--auth-algorithms': 'HS256' },
      ),
    ).toMatchObject({ auth: 'external', authAudience: 'media', authUserClaim: 'sub' })
  })

  it('never repeats a secret', () => {
    const [fault] = faultsOf({ VITRINE_ADMIN_PASSWORD: 'short' })
    expect(fault).toContain('VITRINE_ADMIN_PASSWORD')
    expect(fault).not.toContain('short"')
  })

  it('finds variables that are no settings', () => {
    expect(findUnknownVariables({ VITRINE_PORTS: '1', VITRINE_PORT: '1', HOME: '/' })).toEqual([
      'VITRINE_PORTS',
    ])
  })

  it('is documented, every setting with its flag', () => {
    const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')
    for (const setting of Object.values(settings)) {
      expect(page).toContain(`\`${setting.variable}\``)
      expect(page).toContain(`\`${flagOf(setting)}\``)
    }
  })
})
