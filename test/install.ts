import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of the first of these commands that exists, or undefined. */
export function findCommand(...names: readonly string[]): string | undefined {
  // Includes /usr/sbin, which not every account has in its path.
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), '/usr/sbin']
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
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
 * Provides what tests need. If it is missing, installs the packages of Debian or Ubuntu, as root only.
 * Prints one line if it is still missing.
 *
 * @param what its name and purpose, as "… for the tests of …"
 */
export function install(what: string, packages: readonly string[], isThere: () => boolean): void {
  if (isThere()) return
  const run = (...args: string[]) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      // Package scripts start no service at this runlevel, which is for system repair.
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    }).status === 0
  if (process.getuid?.() === 0) {
    console.log(`Installing ${what}…`)
    run('update') && run('install', '-y', '--no-install-recommends', ...packages)
  }
  if (!isThere()) {
    console.log(
      `There is no ${what}, so those tests are SKIPPED; \`apt-get install ${packages.join(' ')}\` gives it.`,
    )
  }
}
