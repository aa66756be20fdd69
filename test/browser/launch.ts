import { type Browser, chromium } from 'playwright-core'

/** With these it asks nothing of the outside. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A process that is kept ready for the next page, which each test would pay for.
  '--disable-features=SpareRendererForSitePerProcess',
]

interface LaunchOptions {
  /** Scroll bars, which are hidden otherwise. */
  scrollbars?: boolean
}

/** Starts a Chromium that knows nothing yet. */
export const launchBrowser = (
  executablePath: string,
  { scrollbars = false }: LaunchOptions = {},
): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: FLAGS,
    ...(scrollbars && { ignoreDefaultArgs: ['--hide-scrollbars'] }),
  })
