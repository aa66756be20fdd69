import { join, resolve } from 'node:path'
import { auditSettings } from './audit/settings.ts'
import { checkExternal } from './auth/external/external-settings.ts'
import { checkCookie } from './auth/session/cookie-settings.ts'
import { authSettings } from './auth/settings.ts'
import { fileVariableOf, findSource, type SettingSource } from './base/setting-source.ts'
import type { Setting, Values } from './base/settings.ts'
import type { DatabaseLocation } from './database/database.ts'
import { databaseSettings } from './database/settings.ts'
import { checkPublicUrl } from './http/public-url.ts'
import { httpSettings } from './http/settings.ts'
import { checkIiif } from './images/iiif/check-settings.ts'
import { deliverySettings, imageSettings } from './images/settings.ts'
import { mediaSettings } from './media/settings.ts'
import { storageSettings } from './storage/settings.ts'
import { transferSettings } from './transfer/settings.ts'

/** All settings. `docs/configuration.md` lists them. */
export const settings = {
  ...httpSettings,
  data: {
    variable: 'VITRINE_DATA',
    fallback: resolve('data'),
    parse: (text) => resolve(text),
    help: 'Folder of the embedded database and the files.',
  },
  ...databaseSettings,
  ...storageSettings,
  ...authSettings,
  ...auditSettings,
  ...mediaSettings,
  ...imageSettings,
  ...deliverySettings,
  ...transferSettings,
} satisfies Record<string, Setting<unknown>>

export type Config = Values<typeof settings>

/** The database file in the data folder, or the database server if one is set. */
export const databaseLocation = ({
  data,
  databaseUrl,
  databaseConnections,
}: Pick<Config, 'data' | 'databaseUrl' | 'databaseConnections'>): DatabaseLocation =>
  databaseUrl === undefined
    ? join(data, 'vitrine.db')
    : { url: databaseUrl, connections: databaseConnections }

/** The folder of the files, inside the data folder. */
export const filesPath = ({ data }: Config): string => join(data, 'files')

/** All faults of the configuration, one a line. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/**
 * Reads the whole configuration. A flag wins over its variable, and a secret may be in a file.
 *
 * @param environment like `process.env`
 * @param flags values by flag: `{'--port': '8080'}`
 * @throws ConfigError that names every wrong variable at once
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Record<string, string | undefined>> = {},
): Config {
  const faults: string[] = []
  const values: Record<string, unknown> = {}
  const given = new Set<string>()
  for (const [name, setting] of Object.entries<Setting<unknown>>(settings)) {
    let source: SettingSource | undefined
    try {
      source = findSource(setting, environment, flags)
    } catch (error) {
      given.add(name)
      faults.push(messageOf(error))
      continue
    }
    if (source === undefined) {
      values[name] = setting.fallback
      continue
    }
    given.add(name)
    const { text } = source
    try {
      if (text.trim() === '') throw new Error('a value, or not set at all')
      values[name] = setting.parse(text)
    } catch (error) {
      const shown = setting.secret ? '' : ` is ${JSON.stringify(text)};`
      faults.push(`${source.name}${shown} must be ${messageOf(error)}`)
    }
  }
  faults.push(...checkExternal(values as Partial<Config>, (name) => given.has(name)))
  faults.push(...checkCookie(values as Partial<Config>))
  faults.push(...checkPublicUrl(values as Partial<Config>))
  // A public URL that is there but wrong has a line of its own.
  if (!given.has('publicUrl')) faults.push(...checkIiif(values as Partial<Config>))
  if (faults.length > 0) throw new ConfigError(faults)
  return values as Config
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Variables that look like settings but are not: misspelt, or meant for another version. */
export function findUnknownVariables(environment: Readonly<Record<string, unknown>>): string[] {
  const known = new Set<string>(
    Object.values<Setting<unknown>>(settings).flatMap((setting) =>
      setting.secret ? [setting.variable, fileVariableOf(setting)] : [setting.variable],
    ),
  )
  return Object.keys(environment).filter((name) => name.startsWith('VITRINE_') && !known.has(name))
}
