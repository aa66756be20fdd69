/** In order of precedence: the user agent of each browser also contains names that are listed later. */
const BROWSERS = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Headless)?(?:Chrome|Chromium|CriOS)\//],
  ['Safari', /\bSafari\//],
  ['curl', /^curl\//],
] as const

const SYSTEMS = [
  ['Android', /\bAndroid\b/],
  ['iOS', /\b(?:iPhone|iPad|iPod)\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b|\bMacintosh\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
] as const

const MAX_LENGTH = 60

const find = (names: readonly (readonly [string, RegExp])[], userAgent: string) =>
  names.find(([, pattern]) => pattern.test(userAgent))?.[0]

/** The common names of the program and the system that a `User-Agent` header stands for. */
export function nameBrowser(userAgent: string): { browser: string; system: string | undefined } {
  const browser = find(BROWSERS, userAgent)
  if (!browser) return { browser: userAgent.slice(0, MAX_LENGTH), system: undefined }
  return { browser, system: find(SYSTEMS, userAgent) }
}
