import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where the first of these commands is; undefined if there is none of them. */
export function findCommand(...names: readonly string[]): string | undefined {
  // Of the folder of administrators' commands too, which not everybody has in the path.
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
 * Sees to it that tests find what they need: where it is missing, Debian's and Ubuntu's own packages are
 * installed if we may. Says so in one line where it cannot be had.
 *
 * @param what what it is for, as "… for the tests of …"
 */
export function install(what: string, packages: readonly string[], isThere: () => boolean): void {
  if (isThere()) return
  const run = (...args: string[]) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      // Of what is installed, nothing is started: by this runlevel a system is being mended.
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
