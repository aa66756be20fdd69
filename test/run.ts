/**
 * The whole suite: types, style, the import rules, and every test. Its last line counts all tests and
 * checks: "N passed, N failed", and ", N skipped" if any were.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { auditDependencies } from './audit-dependencies.ts'
import { installDirectus } from './directus.ts'
import { installExiftool } from './exiftool.ts'
import { startFastPostgres } from './fast-postgres.ts'
import { installBrowser } from './install-browser.ts'
import { installNginx } from './install-nginx.ts'
import { installNuxtImage } from './nuxt-image.ts'
import { findPostgres, OWN_VARIABLE, POSTGRES_VARIABLE } from './postgres.ts'
import { hasS3Server, installS3Server, S3_VARIABLE, startS3Server } from './s3-server.ts'
import { installStrace } from './strace.ts'
import { installStrapi } from './strapi.ts'
import { installUnzip } from './unzip.ts'
import { installUppy } from './uppy.ts'
import { installWordPress } from './wordpress.ts'

/** A file system in memory on Linux. In a container it may be very small. */
const MEMORY = '/dev/shm'
const ROOM = 4 * 1024 ** 3

// The tests flush their libraries to disk thousands of times, and no test cuts the power of this disk.
if (process.env.TMPDIR === undefined && roomOf(MEMORY) >= ROOM) process.env.TMPDIR = MEMORY

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'vitrine-test-run-'))
const report = join(folder, 'report.json')

const run = (command: string, ...args: string[]): boolean => {
  const { status } = spawnSync(join(root, 'node_modules/.bin', command), args, {
    cwd: root,
    stdio: 'inherit',
  })
  return status === 0
}

// Mostly waits for the network, so the checks run meanwhile.
const installing = Promise.all([
  installDirectus(),
  installStrapi(),
  installNuxtImage(),
  installUppy(),
])
const audit = auditDependencies()
const checks = {
  types: run('tsc'),
  'types of the page': run('tsc', '-p', 'web'),
  'style, rules between rooms, cycles': run('biome', 'check', '--error-on-warnings', '.'),
  // If the registry does not respond, the audit counts neither as passed nor as failed.
  ...(audit.verdict !== 'not done' && {
    [`known holes in dependencies (${audit.reason})`]: audit.verdict === 'passed',
  }),
}
installBrowser()
installS3Server()
installNginx()
installStrace()
installUnzip()
installExiftool()
installWordPress()
await installing
const s3Server = hasS3Server() ? await startS3Server() : undefined
if (s3Server) process.env[S3_VARIABLE] = s3Server.endpoint
// To make and drop a database for each test, a server that flushes needs minutes of a slow disk.
const postgres =
  process.env[POSTGRES_VARIABLE] === undefined ? await startFastPostgres() : undefined
if (postgres) Object.assign(process.env, { [POSTGRES_VARIABLE]: postgres.url, [OWN_VARIABLE]: '1' })
const testsPassed = run(
  'vitest',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
)

const hasPostgres = postgres !== undefined || (await findPostgres()) !== undefined
await Promise.all([s3Server?.stop(), postgres?.close()])

/** Free bytes of a file system; 0 if it does not exist. */
function roomOf(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  } catch {
    return 0
  }
}

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
}
const tests: Report = JSON.parse(readFileSync(report, 'utf8'))
rmSync(folder, { recursive: true })

const failedChecks = Object.entries(checks).filter(([, passed]) => !passed)
for (const [name] of failedChecks) console.log(`Check failed: ${name}`)

const passed = tests.numPassedTests + Object.keys(checks).length - failedChecks.length
// A test file that cannot be loaded fails the run without a failed test.
const failed = Math.max(tests.numFailedTests, testsPassed ? 0 : 1) + failedChecks.length
if (!hasPostgres) {
  console.log(
    'There is no PostgreSQL server at 127.0.0.1:5432 (or VITRINE_TEST_POSTGRES), so the half of the tests that is for it was SKIPPED.',
  )
}
if (audit.verdict === 'not done') {
  console.log(`NOT DONE: the audit of dependencies for known holes. ${audit.reason}`)
}
const skipped = tests.numPendingTests + tests.numTodoTests + (hasPostgres ? 0 : 1)
if (skipped > 0) console.log(`${skipped} tests were skipped; the reasons stand above.`)
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed === 0 && !(skipped > 0 && process.env.CI) ? 0 : 1)
