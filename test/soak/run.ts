/**
 * Runs the named soak tests, or all: `npm run soak -- kills`. Each prints a table and writes its rows and
 * the machine to `test/soak/results/`. A part that finds a loss fails, and so does the run. A part that
 * this machine or account cannot run says so. `--share 0.05` injects each fault a twentieth as often, to
 * try a part.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Part, Times } from './part.ts'

const PARTS: Readonly<Record<string, () => Promise<Part>>> = {
  kills: () => import('./kills.ts'),
  calls: () => import('./calls.ts'),
  power: () => import('./power.ts'),
  disk: () => import('./disk.ts'),
  bucket: () => import('./bucket.ts'),
  model: () => import('./model.ts'),
  restarts: () => import('./restarts.ts'),
  copies: () => import('./copies.ts'),
  images: () => import('./hostile-images.ts'),
  patterns: () => import('./patterns.ts'),
  stalled: () => import('./stalled.ts'),
  pipelined: () => import('./pipelined.ts'),
  load: () => import('./load.ts'),
}

const { positionals: chosen, values } = parseArgs({
  allowPositionals: true,
  options: { share: { type: 'string', default: '1' } },
})
const times: Times = (full) => Math.max(1, Math.round(full * Number(values.share)))
const unknown = chosen.filter((name) => !Object.hasOwn(PARTS, name))
if (unknown.length > 0) {
  console.error(
    `There is no part ${unknown.join(', ')}; there are: ${Object.keys(PARTS).join(', ')}.`,
  )
  process.exit(2)
}

const results = join(import.meta.dirname, 'results')
mkdirSync(results, { recursive: true })
const { version } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
)
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memory: totalmem() }
const summary: string[] = []
for (const [name, load] of Object.entries(PARTS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  console.log(`\n${name}`)
  const start = performance.now()
  const { missing, rows } = await load()
  const reason = await missing?.()
  if (reason !== undefined) {
    summary.push(`${name}: SKIPPED, since ${reason}`)
    console.log(summary.at(-1))
    continue
  }
  const found: Record<string, string | number>[] = []
  try {
    for await (const row of rows(times)) {
      console.log(`  ${Object.values(row).join(' | ')}`)
      found.push({ ...row })
    }
    summary.push(`${name}: passed in ${Math.round((performance.now() - start) / 1000)} s`)
  } catch (error) {
    console.error(error instanceof Error ? error.stack : error)
    process.exitCode = 1
    summary.push(`${name}: FAILED: ${error instanceof Error ? error.message : error}`)
  }
  console.table(found)
  const report = { version, node: process.version, at: new Date(), machine, rows: found }
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`)
}
console.log(`\n${summary.join('\n')}`)
// Exits explicitly, which also ends the processes that a failed part has left running.
process.exit()
