import { type Browser, chromium } from 'playwright-core'

/** Flags that keep Chromium from contacting any outside service. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Otherwise Chromium starts a spare process for the next page, at a cost for each test.
  '--disable-features=SpareRendererForSitePerProcess',
  // The header `Cross-Origin-Opener-Policy` would give each page a second process, after that of its empty tab.
  '--renderer-process-limit=1',
]

interface LaunchOptions {
  /** Shows scroll bars. They are hidden by default. */
  scrollbars?: boolean
}

/** Starts a Chromium with a fresh profile. */
export const launchBrowser = (
  executablePath: string,
  { scrollbars = false }: LaunchOptions = {},
): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: FLAGS,
    ...(scrollbars && { ignoreDefaultArgs: ['--hide-scrollbars'] }),
  })
