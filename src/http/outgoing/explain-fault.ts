const FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refuses the connection',
  ECONNRESET: 'the connection broke off',
  EPIPE: 'the connection broke off',
  ENOTFOUND: 'its name is not known',
  EPROTO: 'it does not answer in HTTPS',
}

/**
 * Says in words why a request to another server failed. Never uses the message of a system error, which holds the address
 * that the name led to.
 */
export function explainFault(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('HPE_')) return 'it does not answer in HTTP'
  if (/CERT|TLS|SSL|SIGNATURE|CHAIN/.test(code)) return 'its certificate is not valid for it'
  return FAULTS[code] ?? 'it cannot be reached'
}
