import { expect, it } from 'vitest'
import type { Setting } from './base/settings.ts'
import { ConfigError, readConfig, settings } from './config.ts'

const faultsOf = (environment: Record<string, string>) => {
  try {
    readConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

const EXTERNAL = {
  VITRINE_AUTH: 'external',
  VITRINE_AUTH_ISSUER: 'https://house.example',
  VITRINE_AUTH_AUDIENCE: 'media',
  VITRINE_AUTH_ALGORITHMS: 'HS256',
}

it('an empty or default secret is refused before anything starts, and not repeated', () => {
  const secrets = [
    'VITRINE_ADMIN_PASSWORD',
    'VITRINE_METRICS_TOKEN',
    'VITRINE_AUTH_SECRET',
    'VITRINE_SIGNING_KEYS',
  ]
  const values = [
    'change-me-change-me-change-me-change-me',
    'CHANGEME.CHANGEME.CHANGEME.CHANGEME',
    'your-secret-token-here-your-secret-token-here',
    'password-password-password-password',
    'admin1234567890123456789012345678901234567890',
    '00000000000000000000000000000000',
    'abababababababababababababababab',
  ]
  for (const variable of secrets) {
    const rest = variable === 'VITRINE_AUTH_SECRET' ? EXTERNAL : {}
    const id = variable === 'VITRINE_SIGNING_KEYS' ? 'web:' : ''
    for (const value of values) {
      const faults = faultsOf({ ...rest, [variable]: id + value })
      expect(faults).toEqual([expect.stringMatching(`^${variable} must be a value of your own`)])
      expect(faults.join()).not.toContain(value)
    }
    expect(faultsOf({ ...rest, [variable]: '' })).toEqual([
      expect.stringMatching(`^${variable} .*must be a value, or not set at all`),
    ])
    // Made of these words, but chosen: no attacker tries it first.
    const chosen = 'the-secret-of-the-harbour-master-1907'
    expect(faultsOf({ ...rest, [variable]: id + chosen })).toEqual([])
  }
})

it('this test knows every secret setting', () => {
  const all: readonly Setting<unknown>[] = Object.values(settings)
  const secrets = all.filter(({ secret }) => secret)
  // URLs are not checked here: the service at the URL checks the password in it.
  expect(secrets.map(({ variable }) => variable).sort()).toEqual([
    'VITRINE_ADMIN_PASSWORD',
    'VITRINE_AUTH_SECRET',
    'VITRINE_DATABASE_URL',
    'VITRINE_DESCRIBE_URL',
    // The other program checks it.
    'VITRINE_IMPORT_TOKEN',
    'VITRINE_METRICS_TOKEN',
    'VITRINE_SIGNING_KEYS',
    'VITRINE_STORAGE_URL',
  ])
})
