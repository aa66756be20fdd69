import { findCommand, install } from './install.ts'

/** The Chromium of this machine, or undefined. */
export const findBrowser = () => findCommand('chromium', 'chromium-browser', 'google-chrome')

export const installBrowser = () =>
  install('Chromium for the tests of the page', ['chromium'], () => findBrowser() !== undefined)
