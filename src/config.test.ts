import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fileFlagOf, fileVariableOf } from './base/setting-source.ts'
import { flagOf, type Setting } from './base/settings.ts'
import { ConfigError, findUnknownVariables, readConfig, settings } from './config.ts'

const faultsOf = (...args: Parameters<typeof readConfig>) => {
  try {
    readConfig(...args)
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

  it('prefers a flag to its variable', () => {
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

  it('takes some formats of images, and names one that there is not', () => {
    const formats = (text: string) => readConfig({ VITRINE_IMAGE_FORMATS: text }).imageFormats
    expect(formats('svg, jpeg,svg')).toEqual(['jpeg', 'svg'])
    expect(readConfig({}).imageFormats).toContain('heic')
    const known = 'one of jpeg, png, webp, gif, avif, heic, tiff, svg, jxl, bmp'
    expect(faultsOf({ VITRINE_IMAGE_FORMATS: 'jpeg,tga' })).toEqual([
      `VITRINE_IMAGE_FORMATS is "jpeg,tga"; must be ${known}`,
    ])
    expect(faultsOf({ VITRINE_IMAGE_FORMATS: ',' })).toEqual([
      'VITRINE_IMAGE_FORMATS is ","; must be one or more of jpeg, png, webp, gif, avif, heic, tiff, svg, jxl, bmp',
    ])
  })

  it('names settings that external accounts lack or must not have, beside all other faults', () => {
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

  it('names a public URL with another path than the base path', () => {
    const fault = (path: string, base: string) =>
      `VITRINE_PUBLIC_URL is "https://media.example.com${path}"; its path must be that of VITRINE_BASE_PATH, "${base}"`
    const faultsWith = (url: string, basePath = '/') =>
      faultsOf({ VITRINE_PUBLIC_URL: url, VITRINE_BASE_PATH: basePath })
    expect(faultsWith('https://media.example.com/app/')).toEqual([fault('/app', '/')])
    expect(faultsWith('https://media.example.com', '/app/')).toEqual([fault('', '/app/')])
    expect(faultsWith('https://media.example.com/app/b', '/app')).toEqual([
      fault('/app/b', '/app/'),
    ])
    expect(faultsWith('https://media.example.com/app', '/app/')).toEqual([])
    expect(faultsWith('https://media.example.com/')).toEqual([])
  })

  it('needs a public URL for IIIF', () => {
    expect(faultsOf({ VITRINE_IIIF: 'true' })).toEqual([
      'VITRINE_IIIF is on; VITRINE_PUBLIC_URL must be set too, to the URL under which clients reach the server',
    ])
    expect(faultsOf({ VITRINE_IIIF: 'false' })).toEqual([])
    const url = 'https://media.example.com'
    expect(faultsOf({ VITRINE_IIIF: 'true', VITRINE_PUBLIC_URL: url })).toEqual([])
    // Told once.
    expect(faultsOf({ VITRINE_IIIF: 'true', VITRINE_PUBLIC_URL: 'media' })).toEqual([
      expect.stringMatching(/^VITRINE_PUBLIC_URL is "media"; must be /),
    ])
  })

  it('never repeats a secret', () => {
    const [fault] = faultsOf({ VITRINE_ADMIN_PASSWORD: 'short' })
    expect(fault).toContain('VITRINE_ADMIN_PASSWORD')
    expect(fault).not.toContain('short"')
  })

  describe('with a secret in a file', () => {
    const fileOf = (content: string | Buffer) => {
      const folder = mkdtempSync(join(tmpdir(), 'vitrine-secrets-'))
      onTestFinished(() => rmSync(folder, { recursive: true }))
      writeFileSync(join(folder, 'secret'), content)
      return join(folder, 'secret')
    }
    const secrets = Object.entries<Setting<unknown>>(settings).filter(([, { secret }]) => secret)
    const right: Record<string, string> = {
      adminPassword: 'a fine long passphrase',
      databaseUrl: 'postgres://user:p%40ss@host/database',
      storageUrl: 's3://bucket?endpoint=https://s3.example.com',
      describeUrl: 'http://127.0.0.1:8000/describe?key=hush',
      metricsToken: 'a-token-for-the-metrics',
      authSecret: 'a secret of thirty-two bytes, all told',
      signingKeys: 'web:the-first-of-two-keys,old:the-second-of-two-keys',
    }

    it.each(secrets)('reads %s by a variable or a flag', (name, setting) => {
      const text = right[name] ?? 'a secret that this test does not know'
      const more = name === 'authSecret' ? EXTERNAL : {}
      const plain = readConfig({ ...more, [setting.variable]: text })
      const file = fileOf(`${text}\n`)
      expect(readConfig({ ...more, [fileVariableOf(setting)]: file })).toEqual(plain)
      expect(readConfig(more, { [fileFlagOf(setting)]: file })).toEqual(plain)
    })

    it('drops one newline at the end', () => {
      const read = (content: string) =>
        readConfig({ VITRINE_ADMIN_PASSWORD_FILE: fileOf(content) }).adminPassword
      expect(read('a fine long passphrase')).toBe('a fine long passphrase')
      expect(read('a fine long passphrase\r\n')).toBe('a fine long passphrase')
      expect(read(' a fine long passphrase \n\n')).toBe(' a fine long passphrase \n')
    })

    it('refuses the secret both directly and in a file; a flag wins over variables', () => {
      const variables = {
        VITRINE_ADMIN_PASSWORD: 'one password',
        VITRINE_ADMIN_PASSWORD_FILE: fileOf('another password'),
      }
      expect(faultsOf(variables)).toEqual([
        'VITRINE_ADMIN_PASSWORD and VITRINE_ADMIN_PASSWORD_FILE must not both be set',
      ])
      const flag = { '--admin-password': 'the last password' }
      expect(readConfig(variables, flag).adminPassword).toBe('the last password')
      expect(faultsOf({}, { ...flag, '--admin-password-file': 'a' })).toEqual([
        '--admin-password and --admin-password-file must not both be set',
      ])
    })

    it('names a file that cannot be read, is too long, or holds a wrong value', () => {
      const none = join(fileOf(''), '../none')
      const long = fileOf('a'.repeat(70_000))
      expect(
        faultsOf({
          VITRINE_DATABASE_URL_FILE: none,
          VITRINE_STORAGE_URL_FILE: tmpdir(),
          VITRINE_METRICS_TOKEN_FILE: fileOf('short\n'),
          VITRINE_ADMIN_PASSWORD_FILE: long,
        }),
      ).toEqual(
        expect.arrayContaining([
          expect.stringMatching(
            `^VITRINE_DATABASE_URL_FILE is "${none}"; must be a file that can be read: ENOENT`,
          ),
          expect.stringMatching(/^VITRINE_STORAGE_URL_FILE is .* can be read: EISDIR/),
          expect.stringMatching(/^VITRINE_METRICS_TOKEN_FILE must be at least 16/),
          `VITRINE_ADMIN_PASSWORD_FILE is "${long}"; must be a file of at most 65536 bytes`,
        ]),
      )
      expect(faultsOf({ VITRINE_METRICS_TOKEN_FILE: fileOf('\n') })).toEqual([
        'VITRINE_METRICS_TOKEN_FILE must be a value, or not set at all',
      ])
    })

    it('knows such variables for secrets only', () => {
      expect(
        findUnknownVariables({ VITRINE_PORT_FILE: 'a', VITRINE_AUTH_SECRET_FILE: 'b' }),
      ).toEqual(['VITRINE_PORT_FILE'])
    })
  })

  it('finds variables that are not settings', () => {
    expect(findUnknownVariables({ VITRINE_PORTS: '1', VITRINE_PORT: '1', HOME: '/' })).toEqual([
      'VITRINE_PORTS',
    ])
  })

  it('is documented: every setting with its flag', () => {
    const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')
    for (const setting of Object.values<Setting<unknown>>(settings)) {
      expect(page).toContain(`\`${setting.variable}\``)
      expect(page).toContain(`\`${flagOf(setting)}\``)
      if (!setting.secret) continue
      expect(page).toContain(`\`${fileVariableOf(setting)}\` | \`${fileFlagOf(setting)}\``)
    }
  })
})
