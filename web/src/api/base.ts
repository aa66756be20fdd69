/**
 * The path under which a proxy shows the server, with `/` at its end; the server writes it into the page.
 * Outside of a browser, in tests, there is no page.
 */
const base = globalThis.document?.querySelector('meta[name="base"]')?.getAttribute('content') ?? '/'

/** Where something of the server is: `/favicon.svg` may be `/media-app/favicon.svg`. */
export const at = (path: `/${string}`): string => base + path.slice(1)
