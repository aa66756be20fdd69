import type { BasePath } from './base-path.ts'

/**
 * Reads the address under which clients reach the server. Without the `/` at its end.
 * @throws Error whose message completes "must be …"
 */
export function parsePublicUrl(text: string): string | undefined {
  const url = URL.parse(text)
  const isRight =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    url.username + url.password === '' &&
    !/[?#]/.test(text)
  if (!isRight) {
    throw new Error('a URL like https://media.example.com/media-app/, without user, ? and #')
  }
  return `${url.origin}${url.pathname}`.replace(/\/$/, '')
}

/**
 * Checks the address in combination with the base path, which it must contain: both say where clients find the same.
 * @param values only those that are valid by themselves
 * @returns one line for each fault
 */
export function checkPublicUrl({
  publicUrl,
  basePath,
}: {
  publicUrl?: string | undefined
  basePath?: BasePath
}): string[] {
  if (publicUrl === undefined || basePath === undefined) return []
  if (publicUrl === `${new URL(publicUrl).origin}${basePath}`) return []
  return [
    `VITRINE_PUBLIC_URL is ${JSON.stringify(publicUrl)}; its path must be that of VITRINE_BASE_PATH, ${JSON.stringify(`${basePath}/`)}`,
  ]
}
