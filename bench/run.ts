/**
 * Runs the benchmarks that are named, or all: `npm run bench -- scroll`. Each prints a table, and
 * writes what it measured, and on what machine, to `bench/results/`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'

/** What one run measured, by what is measured. */
export type Figures = Readonly<Record<string, number | string>>

const PARTS: Readonly<Record<string, () => Promise<{ measure(): AsyncIterable<Figures> }>>> = {
  scroll: () => import('./scroll.ts'),
  scale: () => import('./scale.ts'),
  writers: () => import('./simulate-writers.ts'),
  cache: () => import('./simulate-cache.ts'),
}

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !Object.hasOwn(PARTS, name))
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(', ')}; there are: ${Object.keys(PARTS).join(', ')}.`,
  )
  process.exit(2)
}

const results = join(import.meta.dirname, 'results')
mkdirSync(results, { recursive: true })
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
for (const [name, load] of Object.entries(PARTS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  console.log(`\n${name}`)
  const runs: Figures[] = []
  const { measure } = await load()
  for await (const figures of measure()) {
    runs.push({ ...figures, 'load of the machine': Number(loadavg()[0]?.toFixed(1)) })
  }
  const columns = runs.map((figures, index) => [`run ${index + 1}`, figures] as const)
  console.table(turn(columns))
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memory: totalmem() }
  const report = { version, node: process.version, at: new Date(), machine, runs }
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`)
}

/** Runs beside each other, and what they measured below each other. */
function turn(columns: readonly (readonly [string, Figures])[]) {
  const table: Record<string, Record<string, number | string>> = {}
  for (const [title, figures] of columns) {
    for (const [what, value] of Object.entries(figures))
      table[what] = { ...table[what], [title]: value }
  }
  return table
}
