import { integer, type Settings } from '../settings.ts'

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
    help: 'Connections to PostgreSQL at most, of this process.',
  },
} satisfies Settings

function parseUrl(text: string): string {
  const right = 'a URL like postgres://user:password@host:5432/database'
  if (!URL.canParse(text)) throw new Error(right)
  const { protocol, hostname, pathname } = new URL(text)
  if (!/^postgres(?:ql)?:$/.test(protocol) || hostname === '' || pathname.length < 2) {
    throw new Error(right)
  }
  return text
}
