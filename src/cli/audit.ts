import { type AuditPage, parseTime, readAudit, toEntry } from '../audit/read.ts'
import { auditActions, isAuditAction } from '../audit/record.ts'
import { UsageError } from '../base/errors.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { requireLibrary, withDatabase } from './open-database.ts'
import { printTable } from './table.ts'

export interface AuditOptions {
  since?: string
  user?: string
  action?: string
  before?: string
  limit: string
  json?: boolean
}

/** Rows per page: one query reads a page, then it is printed. */
const PAGE = 500
const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 }

/** Prints the audit log, newest entry first. */
export async function audit(config: Config, options: AuditOptions): Promise<void> {
  await requireLibrary(config)
  await withDatabase(config, (database) => print(database, options))
}

async function print(database: Database, options: AuditOptions): Promise<void> {
  const { user, action, json = false } = options
  if (action !== undefined && !isAuditAction(action)) {
    throw new UsageError(`--action must be one of ${auditActions.join(', ')}.`)
  }
  const filter = {
    since: readSince(options.since, await database.now()),
    user,
    action,
  }
  let left = readNumber('--limit', options.limit)
  let before = options.before === undefined ? undefined : readNumber('--before', options.before)
  for (;;) {
    const query = { ...filter, before, limit: Math.min(left, PAGE) }
    const { rows, next } = await readAudit(database.read, query)
    if (json) for (const row of rows) console.log(JSON.stringify(toEntry(row)))
    else printRows(rows)
    left -= rows.length
    if (next === null) return
    if (left <= 0) {
      console.error(`There is more: go on with --before ${next}, or show more with --limit.`)
      return
    }
    before = next
  }
}

function printRows(rows: AuditPage['rows']): void {
  if (rows.length === 0) return
  printTable(
    ['ID', 'TIME', 'WHO', 'FROM', 'ACTION', 'WHAT'],
    rows.map((row) => [
      String(row.id),
      new Date(row.at).toISOString(),
      `${row.actor ?? 'unknown'}${row.token_id === null ? '' : ` (token ${row.token_id})`}`,
      row.network ?? '-',
      row.action,
      [row.subject, row.detail].filter((part) => part !== null).join(' '),
    ]),
  )
}

/** Reads a time, or an age such as `7d`, `12h` or `30m`. */
function readSince(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const { count, unit } = /^(?<count>\d{1,6})(?<unit>[dhm])$/.exec(text)?.groups ?? {}
  const time =
    count !== undefined && unit !== undefined
      ? now - Number(count) * (UNITS[unit] ?? 0)
      : parseTime(text)
  if (time !== undefined) return time
  throw new UsageError('--since must be a time like 2026-01-20T18:22:10Z, or like 7d, 12h or 30m.')
}

function readNumber(flag: string, text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number > 0) return number
  throw new UsageError(`${flag} must be a whole number from 1.`)
}
