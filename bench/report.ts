/** Writes the tables of docs/performance.md from the latest results of the comparisons. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { COLUMNS, type Comparison, describe, isReached } from './comparison.ts'

const DOCUMENT = join(import.meta.dirname, '../docs/performance.md')
const BEGIN = '<!-- Written by `npm run bench -- report`. -->'
const END = '<!-- End of what is written. -->'

interface Result {
  version: string
  node: string
  at: string
  machine: { cpu: string; cores: number; memory: number }
  items: number
  rounds: number
  seconds: number
  loadBefore: number
  loadAfter: number
  rows: Comparison[]
}

/**
 * Tables of comparisons without a result stay as they are.
 * @param names the comparisons, in the order of their tables
 */
export function writeReport(results: string, names: readonly string[]): void {
  const text = readFileSync(DOCUMENT, 'utf8')
  const [before, rest] = text.split(BEGIN)
  const [written, after] = rest?.split(END) ?? []
  if (written === undefined || after === undefined)
    throw new Error(`${DOCUMENT} has no place for it.`)
  const known = new Map(
    written.split(/^(?=### )/m).map((part) => [part.split('\n', 1)[0], part.trim()]),
  )
  const rows: Comparison[] = []
  const tables = names.flatMap((name) => {
    const path = join(results, `${name}.json`)
    if (existsSync(path)) {
      const result: Result = JSON.parse(readFileSync(path, 'utf8'))
      rows.push(...result.rows)
      return [describePart(name, result)]
    }
    console.error(`There is no result of ${name} yet.`)
    return known.get(`### ${name}`) ?? []
  })
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${tables.join('\n\n')}\n\n${END}${after}`)
  const reached = rows.map(isReached)
  const count = (what: boolean) => reached.filter((is) => is === what).length
  console.log(`${rows.length} rows: ${count(true)} reached, ${count(false)} not.`)
}

function describePart(name: string, result: Result): string {
  const { version, node, at, machine, items, rounds, seconds, loadBefore, loadAfter } = result
  const about = [
    `${at.slice(0, 10)}, version ${version} on Node ${node.slice(1)}`,
    `${machine.cpu}, ${machine.cores} cores, ${Math.round(machine.memory / 2 ** 30)} GiB`,
    `${items.toLocaleString('en')} items, ${rounds} rounds of ${seconds} s a rate`,
    `load of the machine ${loadBefore} before and ${loadAfter} after`,
  ]
  return [
    `### ${name}`,
    '',
    `${about.join('; ')}.`,
    '',
    `| ${COLUMNS.join(' | ')} |`,
    `| ${COLUMNS.map(() => '---').join(' | ')} |`,
    ...result.rows.map((row) => {
      const cells = describe(row)
      return `| ${COLUMNS.map((column) => cells[column]).join(' | ')} |`
    }),
  ].join('\n')
}
