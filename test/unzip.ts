import { findCommand, install } from './install.ts'

/** The path of unzip on this machine, or undefined. */
export const findUnzip = () => findCommand('unzip')

export const installUnzip = () =>
  install('unzip for the tests of archives', ['unzip'], () => Boolean(findUnzip()))
