import { closeSync, openSync, readSync } from 'node:fs'
import { flagOf, type Setting } from './settings.ts'

/** No secret is longer. The limit is needed because some readable files, such as devices, never end. */
const MAX_FILE_BYTES = 64 * 1024

/** The text of a setting, and its source. */
export interface SettingSource {
  /** The variable or flag, for messages. */
  name: string
  text: string
}

/**
 * Names of the variable and the flag for a file with a secret: `VITRINE_ADMIN_PASSWORD_FILE`,
 * `--admin-password-file`.
 */
export const fileVariableOf = ({ variable }: Setting<unknown>): string => `${variable}_FILE`
export const fileFlagOf = (setting: Setting<unknown>): string => `${flagOf(setting)}-file`

/**
 * Finds the text of a setting: from its flag, else from its variable. A secret may be in a file that another
 * flag or variable names.
 *
 * @returns undefined if nothing was given
 * @throws Error whose message is a whole line, if the secret is given both ways or its file cannot be read
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

/** The text of a file, without the newline that editors and `echo` put at its end. */
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

/** Reads in a loop, because the length of a pipe or a device is not known in advance. */
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
