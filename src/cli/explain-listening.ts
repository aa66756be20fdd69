import { quote } from '../base/errors.ts'
import { UsageError } from '../base/usage-error.ts'
import type { Config } from '../config.ts'

/**
 * Why a server cannot listen, by the settings that say where.
 * @returns an error to show, or the one given if the settings are not to blame
 */
export function explainListening(error: unknown, { host, port }: Pick<Config, 'host' | 'port'>) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const [name, where] = [`VITRINE_HOST is ${quote(host)}`, `VITRINE_PORT is ${port}`]
  const ofMachine =
    'must be an address of this machine, such as 127.0.0.1, or 0.0.0.0 for every one'
  switch (code) {
    case 'EADDRINUSE':
      return new UsageError(
        `${where}, and another program listens there, on ${host}; must be a free port, or 0 for any`,
      )
    case 'EACCES':
      return new UsageError(
        `${where}, which this account may not listen on; must be one from 1024 on, or 0 for any free one`,
      )
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return new UsageError(`${name}, which this machine does not have; ${ofMachine}`)
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return new UsageError(`${name}, a name that leads to no address; ${ofMachine}`)
  }
  return error
}
