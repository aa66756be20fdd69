/**
 * Path under which a proxy serves the page, ending with `/`. The server writes it into the page. Unit
 * tests run outside of a browser and have no page.
 */
const base = globalThis.document?.querySelector('meta[name="base"]')?.getAttribute('content') ?? '/'

/** Path of a server resource below the base path: `/favicon.svg` may become `/media-app/favicon.svg`. */
export const at = (path: `/${string}`): string => base + path.slice(1)
