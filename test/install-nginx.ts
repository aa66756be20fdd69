import { findCommand, install } from './install.ts'

/** The path of nginx on this machine, or undefined. */
export const findNginx = () => findCommand('nginx')

export const installNginx = () =>
  install('nginx for the tests of several instances', ['nginx-light'], () => Boolean(findNginx()))
