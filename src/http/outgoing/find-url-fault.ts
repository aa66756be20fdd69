/** Why a URL is never fetched, wherever it leads; completes "the URL …". It does not repeat what the URL holds. */
export function findUrlFault({ protocol, username, password }: URL): string | undefined {
  if (protocol !== 'http:' && protocol !== 'https:') return 'begins with neither http: nor https:'
  if (username !== '' || password !== '') return 'holds a user name or a password'
  return undefined
}
