import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { heard } from '../src/base/heard.ts'

/**
 * Installs packages of npm with all that they need into a folder of its own, unless they are there. For those that are too
 * large to be dependencies of this one.
 *
 * @param specs with their versions: `ipx@3.1.1`
 * @param without packages that they name but do not need for a test, such as those of their pages. An empty one takes
 *   the place of each; then no script of a package runs either
 * @param stand the code of that empty one, in CommonJS
 * @returns whether they are there
 */
export async function installPackages(
  specs: readonly string[],
  folder: string,
  { without = [], stand = '' }: { without?: readonly string[]; stand?: string } = {},
): Promise<boolean> {
  if (existsSync(folder)) return true
  console.log(`Installing ${specs.join(', ')}…`)
  const part = `${folder}-part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(join(part, 'nothing'), { recursive: true })
  writeJson(join(part, 'nothing/package.json'), { name: 'nothing', version: '0.0.0' })
  writeFileSync(join(part, 'nothing/index.js'), stand)
  writeJson(join(part, 'package.json'), {
    private: true,
    overrides: Object.fromEntries(without.map((name) => [name, 'file:./nothing'])),
  })
  const lean = without.length > 0 ? ['--legacy-peer-deps', '--ignore-scripts'] : []
  const npm = heard(
    spawn('npm', ['install', '--prefix', part, '--no-audit', '--no-fund', ...lean, ...specs], {
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  )
  const [status] = await once(npm, 'exit').catch(() => [1])
  if (status !== 0) return false
  renameSync(part, folder)
  return true
}

const writeJson = (path: string, content: object) => writeFileSync(path, JSON.stringify(content))
