import { integer, type Settings } from '../base/settings.ts'

export const databaseSettings = {
  databaseUrl: {
    variable: 'VITRINE_DATABASE_URL',
    fallback: undefined,
    parse: (text): string | undefined => parseUrl(text),
    help: 'A PostgreSQL database instead of the embedded one: postgres://user@host:port/database.',
    // May hold a password.
    secret: true,
  },
  databaseConnections: {
    variable: 'VITRINE_DATABASE_CONNECTIONS',
    fallback: 12,
    parse: integer(4, 1000),
    help: 'The most connections to PostgreSQL that this process has open at once.',
  },
} satisfies Settings

function parseUrl(text: string): string {
  const right =
    'a URL like postgres://user:password@host:5432/database, in which @ : / ? # % of the password are written as %40 %3A %2F %3F %23 %25'
  const url = URL.parse(text)
  if (!url) throw new Error(right)
  const { protocol, hostname, username, password, pathname, search, hash } = url
  if (!/^postgres(?:ql)?:$/.test(protocol) || hostname === '' || pathname.length < 2) {
    throw new Error(right)
  }
  // An unescaped / ? or # in a password ends the host early: parts of the password would be taken for
  // the server's name.
  if (`${pathname}${search}`.includes('@') || hash !== '') throw new Error(right)
  if (!isDecodable(username) || !isDecodable(password)) throw new Error(right)
  return text
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
