import { findCommand, install } from './install.ts'

/** The Chromium of this machine, or undefined. */
export const findBrowser = () => findCommand('chromium', 'chromium-browser', 'google-chrome')

const SHELL = 'chromium-headless-shell'

/** For tests: one that cannot open a window, if there is one, takes a quarter less processor time. */
export const findTestBrowser = () => findCommand(SHELL) ?? findBrowser()

export const installBrowser = () =>
  install('Chromium for the tests of the page', [SHELL], () => findTestBrowser() !== undefined)
