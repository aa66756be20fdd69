import { findCommand, install } from './install.ts'

/** The path of Chromium on this machine, or undefined. */
export const findBrowser = () => findCommand('chromium', 'chromium-browser', 'google-chrome')

const SHELL = 'chromium-headless-shell'

/** For tests: the headless shell, if installed, takes a quarter less processor time. */
export const findTestBrowser = () => findCommand(SHELL) ?? findBrowser()

export const installBrowser = () =>
  install('Chromium for the tests of the page', [SHELL], () => findTestBrowser() !== undefined)
