import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The Chromium of this machine, or undefined. */
export function findBrowser(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return folders
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/**
 * Sees to it that there is a Chromium for the tests of the page: where there is none, Debian's and
 * Ubuntu's own is installed if we may. Says so in one line where it cannot be had.
 */
export function installBrowser(): void {
  if (findBrowser()) return
  const run = (...args: string[]) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0
  if (process.getuid?.() === 0) {
    console.log('Installing Chromium for the tests of the page…')
    run('update') && run('install', '-y', '--no-install-recommends', 'chromium')
  }
  if (!findBrowser()) {
    console.log(
      'There is no Chromium, so the tests of the page in a browser are skipped; `apt-get install chromium` gives one.',
    )
  }
}
