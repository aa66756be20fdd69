import { quote, UsageError } from '../base/errors.ts'
import type { Config } from '../config.ts'

/**
 * Explains, in terms of the settings, why a server cannot listen.
 * @returns an error for the user, or the given one if the settings are not the cause
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
      return new UsageError(`${name}, a name that does not resolve to an address; ${ofMachine}`)
  }
  return error
}

/** Prints the URL of the server. An IPv6 address stands in brackets, as a browser needs it. */
export function printAddress({ address, port }: { address: string; port: number }): void {
  console.log(
    `Vitrine is listening on http://${address.includes(':') ? `[${address}]` : address}:${port}`,
  )
}
