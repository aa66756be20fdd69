/**
 * Installs the dependencies if they differ from the lockfile, then builds the page. Runs before `npm start`
 * and `npm test`, on the Node that npm runs on. That is why it is plain JavaScript and needs nothing
 * installed.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const stamp = new URL('node_modules/.vitrine-installed', import.meta.url)
const lock = readFileSync(new URL('package-lock.json', import.meta.url))
const wanted = createHash('sha256').update(lock).digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.log('Installing dependencies…')
  // devDependencies carry the Node runtime, so they are needed in production as well.
  const { status } = spawnSync(
    'npm',
    ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: new URL('.', import.meta.url),
      stdio: 'inherit',
      shell: process.platform === 'win32',
    },
  )
  if (status !== 0) {
    console.error('Installing the dependencies failed; npm says why above.')
    process.exit(1)
  }
  writeFileSync(stamp, wanted)
}

// The runtime that was just installed builds the page: a shell caches the path of the old `node`.
const { status } = spawnSync(join('node_modules', '.bin', 'node'), [join('web', 'build.mjs')], {
  cwd: new URL('.', import.meta.url),
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
process.exitCode = status ?? 1
