import { closeSync, openSync, readSync } from 'node:fs'
import { flagOf, type Setting } from './settings.ts'

/** No secret is longer, and not everything that can be read ends. */
const MAX_FILE_BYTES = 64 * 1024

/** The text of a setting, and where it is from. */
export interface SettingSource {
  /** The variable or flag, for messages. */
  name: string
  text: string
}

/** Names that say in which file a secret is: `VITRINE_ADMIN_PASSWORD_FILE`, `--admin-password-file`. */
export const fileVariableOf = ({ variable }: Setting<unknown>): string => `${variable}_FILE`
export const fileFlagOf = (setting: Setting<unknown>): string => `${flagOf(setting)}-file`

/**
 * Finds the text of a setting: of a flag, else of its variable. A secret may be in a file that
 * another flag or variable names.
 *
 * @returns undefined where nothing was given
 * @throws Error whose message is a whole line, if it is given twice or its file cannot be read
 */
export function findSource(
  setting: Setting<unknown>,
  environment: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Record<string, string | undefined>>,
): SettingSource | undefined {
  return (
    pick(setting, flags, flagOf(setting), fileFlagOf(setting)) ??
    pick(setting, environment, setting.variable, fileVariableOf(setting))
  )
}

function pick(
  { secret }: Setting<unknown>,
  given: Readonly<Record<string, string | undefined>>,
  name: string,
  fileName: string,
): SettingSource | undefined {
  const text = given[name]
  const path = secret ? given[fileName] : undefined
  if (path === undefined) return text === undefined ? undefined : { name, text }
  if (text !== undefined) throw new Error(`${name} and ${fileName} must not both be set`)
  return { name: fileName, text: readSecret(fileName, path) }
}

/** The text of a file; the newline that editors and `echo` put at its end is none of the secret's. */
function readSecret(name: string, path: string): string {
  const is = `${name} is ${JSON.stringify(path)};`
  let bytes: Buffer
  try {
    bytes = readStart(path, MAX_FILE_BYTES + 1)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${is} must be a file that can be read: ${reason}`, { cause })
  }
  if (bytes.length > MAX_FILE_BYTES) {
    throw new Error(`${is} must be a file of at most ${MAX_FILE_BYTES} bytes`)
  }
  return bytes.toString().replace(/\r?\n$/, '')
}

/** Not the whole at once: a pipe or a device does not say how long it is. */
function readStart(path: string, length: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(length)
    let filled = 0
    for (;;) {
      const read = readSync(file, bytes, filled, length - filled, null)
      filled += read
      if (read === 0 || filled === length) return bytes.subarray(0, filled)
    }
  } finally {
    closeSync(file)
  }
}
