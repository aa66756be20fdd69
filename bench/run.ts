/**
 * Runs the named benchmarks, or all: `npm run bench -- list`. Each prints a table and writes its results
 * and the machine to `bench/results/`. `npm run bench -- report` then writes the tables of
 * docs/performance.md.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { COLUMNS, type Comparison, describe, type Figures } from './comparison.ts'
import { writeReport } from './report.ts'
import { ITEMS, ROUNDS, SECONDS } from './sizes.ts'

/** Measurements with a limit and targets. */
const COMPARISONS: Readonly<
  Record<string, () => Promise<{ compare(): AsyncIterable<Comparison> }>>
> = {
  list: () => import('./list.ts'),
  search: () => import('./search.ts'),
  filters: () => import('./filters.ts'),
  alike: () => import('./alike.ts'),
  stream: () => import('./stream.ts'),
  add: () => import('./add.ts'),
  formats: () => import('./formats.ts'),
  delivery: () => import('./delivery.ts'),
  renders: () => import('./renders.ts'),
  sized: () => import('./sized.ts'),
  bounded: () => import('./bounded.ts'),
  write: () => import('./write.ts'),
  bulk: () => import('./bulk.ts'),
  import: () => import('./import.ts'),
  start: () => import('./start.ts'),
  size: () => import('./size.ts'),
  workers: () => import('./workers.ts'),
}

const PARTS: Readonly<Record<string, () => Promise<{ measure(): AsyncIterable<Figures> }>>> = {
  scroll: () => import('./scroll.ts'),
  scale: () => import('./scale.ts'),
  qualities: () => import('./qualities.ts'),
  upkeep: () => import('./upkeep.ts'),
  writers: () => import('./simulate-writers.ts'),
  cache: () => import('./simulate-cache.ts'),
}

const chosen = process.argv.slice(2)
const names = [...Object.keys(COMPARISONS), ...Object.keys(PARTS)]
const REPORT = 'report'
const unknown = chosen.filter((name) => name !== REPORT && !names.includes(name))
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(', ')}; there are: ${[...names, REPORT].join(', ')}.`,
  )
  process.exit(2)
}

const results = join(import.meta.dirname, 'results')
mkdirSync(results, { recursive: true })
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
const readLoad = () => Number(loadavg()[0]?.toFixed(1))

for (const name of names) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  console.log(`\n${name}`)
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memory: totalmem() }
  const about = { version, node: process.version, at: new Date(), machine }
  const found = { ...(await runComparison(name)), ...(await runFigures(name)) }
  writeFileSync(
    join(results, `${name}.json`),
    `${JSON.stringify({ ...about, ...found }, null, 2)}\n`,
  )
}

if (chosen.includes(REPORT)) writeReport(results, Object.keys(COMPARISONS))

async function runComparison(name: string) {
  const load = COMPARISONS[name]
  if (!load) return {}
  const loadBefore = readLoad()
  const rows: Comparison[] = []
  for await (const row of (await load()).compare()) {
    rows.push(row)
    console.log(Object.values(describe(row)).join(' | '))
  }
  console.log(COLUMNS.join(' | '))
  return { items: ITEMS, rounds: ROUNDS, seconds: SECONDS, loadBefore, loadAfter: readLoad(), rows }
}

async function runFigures(name: string) {
  const load = PARTS[name]
  if (!load) return {}
  const runs: Figures[] = []
  for await (const figures of (await load()).measure()) {
    runs.push({ ...figures, 'load of the machine': readLoad() })
  }
  console.table(turn(runs.map((figures, index) => [`run ${index + 1}`, figures] as const)))
  return { runs }
}

/** Makes a table with a column for each run and a row for each figure. */
function turn(columns: readonly (readonly [string, Figures])[]) {
  const table: Record<string, Record<string, number | string>> = {}
  for (const [title, figures] of columns) {
    for (const [what, value] of Object.entries(figures))
      table[what] = { ...table[what], [title]: value }
  }
  return table
}
