import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'

/**
 * Installs a package of npm with all that it needs into a folder of its own, unless it is there. For those that are too
 * large to be dependencies of this one.
 *
 * @param spec with its version: `ipx@3.1.1`
 * @returns whether it is there
 */
export function installPackage(spec: string, folder: string): boolean {
  if (existsSync(folder)) return true
  console.log(`Installing ${spec}…`)
  const part = `${folder}-part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { recursive: true })
  const { status } = spawnSync(
    'npm',
    ['install', '--prefix', part, '--no-audit', '--no-fund', spec],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  if (status !== 0) return false
  renameSync(part, folder)
  return true
}
